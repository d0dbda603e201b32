"""What the server says is in the reader's language, whatever it was stored in."""

from __future__ import annotations

import json
import re

import pytest

from harvest.api.language import LOCALE, in_language
from harvest.domain import JobState, Language, LesionClass, ModelKind, Phase, Role, Split
from tests.harvest.spoken import templates

TRANSLATED = [language.value for language in Language if language is not Language.ENGLISH]
# Names that fill holes.
NAMES = {
    *(member.value for enum in (JobState, LesionClass, Phase, Split) for member in enum),
    *(kind.replace("_", " ") for kind in ModelKind),
}


def catalogue(language: str) -> dict[str, str]:
    return json.loads((LOCALE / f"{language}.json").read_text("utf-8"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_hold_every_text_that_is_said_and_no_other(language):
    said, known = templates(), set(catalogue(language))
    assert sorted(said - known) == []
    assert sorted(known - said - NAMES) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_holes_of_the_english_text(language):
    def holes(text: str) -> list[str]:
        return sorted(re.findall(r"\{\d\}", text))

    assert [text for text, said in catalogue(language).items() if holes(text) != holes(said)] == []


def test_a_text_is_translated_whole_or_by_sentences_and_into_its_holes():
    assert in_language("There is no such round.", "fr") == "Ce tour n’existe pas."
    assert in_language("The study has no portal_venous phase.", "fr") == "L’examen n’a pas de phase portale."
    # A message with its remedy, and a message within another.
    assert in_language("The file cannot be opened. See that it may be read.", "fr") == (
        "Le fichier ne peut pas être ouvert. Vérifiez les droits de lecture."
    )
    assert (
        in_language("Not pulled: The archive does not have this.", "zh") == "未拉取：影像归档中没有此内容。"
    )
    assert in_language("The file cannot be opened. (12 files)", "fr") == (
        "Le fichier ne peut pas être ouvert. (12 fichiers)"
    )


def test_what_no_catalogue_knows_stays_as_it_is():
    assert in_language("Nobody wrote this. There is no such round.", "fr") == (
        "Nobody wrote this. There is no such round."
    )
    assert in_language("", "zh") == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("en", "There is no such cohort."),
        ("fr-CA,fr;q=0.9", "Cette cohorte n’existe pas."),
        ("zh", "没有这个队列。"),
        ("de", "There is no such cohort."),
    ],
)
def test_an_error_is_in_the_language_that_is_asked_for(client_of, asked, said):
    nowhere = "/api/v1/cohorts/00000000-0000-0000-0000-000000000000"
    answer = client_of(Role.CLINICIAN).get(nowhere, headers={"Accept-Language": asked})
    assert answer.json()["message"] == said


@pytest.mark.django_db
def test_fields_that_are_not_right_say_so_in_that_language(client_of):
    client = client_of(Role.DATA_MANAGER)
    answer = client.post("/api/v1/cohorts", {}, format="json", headers={"Accept-Language": "fr"}).json()
    assert answer["message"] == "Certains champs ne sont pas corrects."
    assert answer["details"]["fields"]["name"] == ["Ce champ est obligatoire."]
    kept = client.post("/api/v1/cohorts", {"name": "gold"}, format="json", headers={"Accept-Language": "fr"})
    # What a person wrote is not translated.
    assert kept.json()["name"] == "gold"
