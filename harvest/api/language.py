"""What the server says to people, in the language that the request asks for.

Texts are written in English where they arise, and kept so: in a worker nobody's language is known, and those
who read a stored text read different languages. So they are translated on their way out, whole or sentence by
sentence, by catalogues of templates: "Cohort {1} has no release." A hole may hold another text or a name.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from rest_framework.renderers import JSONRenderer

LOCALE = Path(__file__).resolve().parents[1] / "locale"
# The fields of answers, and all below them, in which the server speaks to people.
SPOKEN = frozenset(
    {
        "message",
        "why",
        "obstacle",
        "remedy",
        "flag",
        "reason",
        "text",
        "last_outcome",
        "fields",
        "phase_flags",
    }
)
_HOLE = re.compile(r"\{\d\}")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.?!:]) ")


class InLanguageRenderer(JSONRenderer):
    """JSON whose spoken fields are in the request's language."""

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        language = (get_language() or "en").split("-")[0]
        if language != "en" and (LOCALE / f"{language}.json").exists():
            data = _spoken(data, language, speaks=False)
        return super().render(data, accepted_media_type, renderer_context)


def _spoken(data: Any, language: str, *, speaks: bool) -> Any:
    if isinstance(data, dict):
        return {
            key: _spoken(value, language, speaks=speaks or key in SPOKEN)  # one spoken field may hold others
            for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [_spoken(value, language, speaks=speaks) for value in data]
    return in_language(data, language) if speaks and isinstance(data, str) else data


@lru_cache(maxsize=2048)
def in_language(text: str, language: str) -> str:
    """The text in a language; what no catalogue knows stays as it is, English or another's own words."""
    known = _whole(text, language)
    if known is not None:
        return known
    # As many sentences as one template says, then the rest.
    for cut in reversed([found.end() for found in _BETWEEN_SENTENCES.finditer(text)]):
        known = _whole(text[: cut - 1], language)
        if known is not None:
            return f"{known} {in_language(text[cut:], language)}"
    return text


def _whole(text: str, language: str) -> str | None:
    plain, patterns = _catalogue(language)
    if text in plain:
        return plain[text]
    for pattern, translation in patterns:
        if found := pattern.fullmatch(text):
            for number, hole in enumerate(found.groups(), 1):
                translation = translation.replace(f"{{{number}}}", in_language(hole, language), 1)
            return translation
    return None


@lru_cache
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Texts without holes, and patterns of those with them: what says most comes first."""
    texts: dict[str, str] = json.loads((LOCALE / f"{language}.json").read_text("utf-8"))
    with_holes = sorted((t for t in texts if _HOLE.search(t)), key=lambda t: -len(_HOLE.sub("", t)))
    patterns = [
        (re.compile("(.*?)".join(map(re.escape, _HOLE.split(text))), re.DOTALL), texts[text])
        for text in with_holes
    ]
    return {text: texts[text] for text in texts if not _HOLE.search(text)}, patterns
