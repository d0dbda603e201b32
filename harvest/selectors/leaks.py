"""Patients who are learned from in one place and judged on in another: known by their pseudonyms, which are
the same in every cohort, and by their images, which tell a public data set's patients too."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db import connection


class Leak(NamedTuple):
    """A study of a cohort whose patient is on the other side of the split in `cohort`; `by` says how it is
    known: subject or image."""

    study: UUID
    ordinal: int
    cohort: str
    by: str


_LEAKS = """
SELECT s.id, s.ordinal, c.name, 'subject'
  FROM harvest_study s JOIN harvest_subject p ON p.id = s.subject_id
  JOIN harvest_subject q ON q.pseudonym = p.pseudonym AND q.split <> p.split
  JOIN harvest_cohort c ON c.id = q.cohort_id
 WHERE s.cohort_id = %(cohort)s AND EXISTS (SELECT 1 FROM harvest_study t WHERE t.subject_id = q.id)
UNION
SELECT s.id, s.ordinal, c.name, 'image'
  FROM harvest_study s JOIN harvest_subject p ON p.id = s.subject_id
  JOIN harvest_series i ON i.study_id = s.id
  JOIN harvest_series j ON j.source_sha256 = i.source_sha256 AND j.study_id <> s.id
  JOIN harvest_study t ON t.id = j.study_id
  JOIN harvest_subject q ON q.id = t.subject_id AND q.split <> p.split
  JOIN harvest_cohort c ON c.id = t.cohort_id
 WHERE s.cohort_id = %(cohort)s
 ORDER BY 2, 3, 4
"""


def leaks_of(cohort: UUID) -> list[Leak]:
    """Every leak of a cohort's studies into other cohorts, or among its own images."""
    with connection.cursor() as cursor:
        cursor.execute(_LEAKS, {"cohort": cohort})
        return [Leak(*row) for row in cursor.fetchall()]
