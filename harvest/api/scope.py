"""Whether a URL lies within a cohort, and what of the cohorts a request may see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import ResolverMatch

from harvest.selectors.people import Grant, closed_to
from harvest.selectors.scope import IN_A_COHORT, cohort_of

# URLs of no cohort, each with the reason. One that is neither here nor below a cohort's thing is shut.
GLOBAL: dict[str, str] = {
    "session": "signing in",
    "preferences": "one's own",
    "tokens": "one's own",
    "token": "one's own",
    "cohorts": "the list shows the cohorts one may see",
    "upload": "one's own",
    "models": "models serve every cohort",
    "model": "models serve every cohort",
    "models-compare": "models serve every cohort",
    "model-promote": "models serve every cohort",
    "model-judgements": "models serve every cohort",
    "model-previews": "the list shows the cohorts one may see, and one is asked for in such a one",
    "model-file": "models serve every cohort",
    "models-import": "models serve every cohort",
    "models-roll-back": "models serve every cohort",
    "promotions": "models serve every cohort",
    "export-formats": "what the software can do",
    "metrics": "counts of the whole installation",
    "audit": "the list shows what concerns cohorts one may see",
    "audit-table": "the list shows what concerns cohorts one may see",
    "archives": "the hospital's network",
    "archive": "the hospital's network",
    "archive-test": "the hospital's network",
    "archive-search": "the hospital's network",
    "listener": "the hospital's network",
    "dicom-senders": "the list shows those of cohorts one may see",
    "dicom-sender": "for admins, to whom no cohort is closed",
    "dicom-sender-test": "for admins, to whom no cohort is closed",
}


@dataclass(frozen=True, slots=True)
class Reach:
    """The cohorts a request may see: not the `closed` ones, and `only` one where its token says so."""

    closed: frozenset[UUID]
    only: UUID | None = None

    @property
    def whole(self) -> bool:
        return not self.closed and self.only is None

    def holds(self, cohort: UUID | None) -> bool:
        return cohort is not None and cohort not in self.closed and self.only in (None, cohort)


def reach_of(request: Any) -> Reach:
    """Of a signed-in request; costs no query, as the person came with the closed cohorts."""
    grant = request.auth
    return Reach(closed_to(request.user), grant.cohort if isinstance(grant, Grant) else None)


@lru_cache(maxsize=512)
def kind_of(route: str) -> str | None:
    """What the `id` in a URL names, where such things are of a cohort.

    >>> kind_of("api/v1/studies/<uuid:id>/volumes/<slug:phase>"), kind_of("api/v1/models/<uuid:id>")
    ('studies', None)
    """
    word, _, rest = route.removeprefix("api/v1/").partition("/")
    return word if word in IN_A_COHORT and rest.startswith("<uuid:id>") else None


def is_placed(match: ResolverMatch) -> bool:
    """Whether it is known which cohort a URL is of, or that it is of none."""
    return kind_of(match.route) is not None or match.url_name in GLOBAL


def cohort_of_match(match: ResolverMatch) -> UUID | None:
    """The cohort that a URL lies in; None for those of none and for things that are not there."""
    kind = kind_of(match.route)
    return cohort_of(kind, match.kwargs["id"]) if kind else None


def require_open(request: Any, cohort: UUID | None) -> None:
    """Raises Http404 for what lies in a cohort that the request may not see, as for what is not there."""
    if not reach_of(request).holds(cohort):
        request._request.harvest_closed = True  # for the audit trail
        raise Http404
