"""The four-class view of the lesion classes: what SaDT tells apart."""

from __future__ import annotations

from detector.data.cases import Case, Mark

CLASSES = ("hcc", "icc", "metastasis", "benign")

# Leaves of the class tree below "benign"; a finer class is judged as its four-class ancestor.
BENIGN = frozenset({"benign", "haemangioma", "fnh", "adenoma", "cyst"})


def four_class(name: str | None) -> str | None:
    """The four-class ancestor of a lesion class, or None where it has none.

    >>> four_class("FNH"), four_class("hcc"), four_class("sarcoma")
    ('benign', 'hcc', None)
    """
    key = (name or "").strip().lower()
    if key in BENIGN:
        return "benign"
    return key if key in CLASSES else None


def primary_mark(case: Case) -> Mark | None:
    """The one lesion a study is judged by: the largest positive mark among the primary ones; without a
    primary mark, the largest positive one; None where nothing is marked positive."""
    positive = [m for m in case.marks if m.role == "positive"]
    pool = [m for m in positive if m.primary] or positive
    return max(pool, key=lambda m: m.box.volume_mm3, default=None)


def class_of(case: Case, mark: Mark) -> str | None:
    """The four-class label of a mark: its own class where it has one, else the study's (pathology) where the
    mark is the primary lesion or the study's only positive one."""
    if mark.lesion_class is not None:
        return four_class(mark.lesion_class)
    positive = [m for m in case.marks if m.role == "positive"]
    if mark.primary or len(positive) == 1:
        return four_class(case.lesion_class)
    return None
