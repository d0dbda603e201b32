"""Gold cases for tests of tables: no images are read."""

from __future__ import annotations

from detector.data.cases import Case, Mark


def gold_case(n: int, lesion_class: str) -> Case:
    mark = Mark(lo=(0, 0, 0), hi=(10, 10, 10), primary=True)
    return Case(
        study=f"gold-{n}",
        subject=f"subject-{n}",
        reference_phase="portal_venous",
        images={"portal_venous": "p.npy"},
        lesion_class=lesion_class,
        marks=(mark,),
    )
