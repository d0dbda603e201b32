"""What a whole release decides for each of its studies: classes, order of phases, folds, names of cases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from detector.export.dataset import ExportError, ExportStudy

GOLD = "gold"
FOLDS = 5
_PHASES = ("non_contrast", "arterial", "portal_venous", "delayed")
_FIRST_NUMBER = 100  # numbers below are those of published tasks


def category_numbers(studies: Iterable[ExportStudy], *, first: int) -> dict[str, int]:
    """The classes of all boxes in the order of their names, numbered from `first`."""
    names = sorted({b.category for s in studies for b in s.boxes})
    return {name: number for number, name in enumerate(names, start=first)}


def phase_order(studies: Iterable[ExportStudy]) -> tuple[str, ...]:
    """Every phase that a study has, those of CT first and in the order in which they are scanned."""
    found = {phase for s in studies for phase in s.images}
    return (*(p for p in _PHASES if p in found), *sorted(found - set(_PHASES)))


def folds(studies: Iterable[ExportStudy], info: Mapping[str, Any]) -> dict[str, int]:
    """The fold, from 0, of each subject that is trained on: even, by the release's hash alone."""
    seed = str(info.get("manifest_sha256", ""))
    subjects = {s.subject for s in studies if s.split != GOLD}
    mixed = sorted(subjects, key=lambda s: hashlib.sha256(f"{seed} {s}".encode()).digest())
    return {subject: place % FOLDS for place, subject in enumerate(mixed)}


def task_name(kind: str, info: Mapping[str, Any]) -> str:
    """`kind`, three digits from the release's number, and the cohort's name: "Task107_Liver2020"."""
    number = _FIRST_NUMBER + int(info.get("release", 0)) % (1000 - _FIRST_NUMBER)
    return f"{kind}{number}_{re.sub(r'[^A-Za-z0-9]', '', str(info.get('cohort', ''))) or 'Harvest'}"


def case_name(study: ExportStudy) -> str:
    """The study's id, as part of file names.

    Raises:
        ExportError: it has signs that file names must not have.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", study.id):
        raise ExportError("The id of a study cannot be part of a file's name.", details={"study": study.id})
    return study.id
