"""The case list: what a trainer learns from and an evaluation is judged on, as one JSON file.

The phantom generator writes it, a frozen release of the application writes it, and by hand it is short.
Image paths are relative to the file, or absolute. Images of a case are registered: all on one grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import PlanError
from detector.geometry import Box3D, iou

FORMAT: Literal["harvest-cases/1"] = "harvest-cases/1"


class Mark(BaseModel):
    """A box with what it means to the trainer at hand.

    role: positive (learn it), negative (a hard negative), ignored (neither). `primary` marks the study's
    primary lesion; `absent_phases` are phases in which the lesion cannot be seen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lo: tuple[float, float, float]
    hi: tuple[float, float, float]
    role: Literal["positive", "negative", "ignored"] = "positive"
    primary: bool = False
    lesion_class: str | None = None
    absent_phases: tuple[str, ...] = ()

    @property
    def box(self) -> Box3D:
        return Box3D(self.lo, self.hi)


class Case(BaseModel):
    """One study: its images by phase (volume files or NIfTI), its liver mask, and its marks.

    `complete` is False where lesions may be unmarked; then only the marked boxes teach.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    subject: str
    modality: str = "CT"
    reference_phase: str
    images: dict[str, str] = Field(min_length=1)
    liver: str | None = None
    lesion_class: str | None = None
    complete: bool = True
    marks: tuple[Mark, ...] = ()


class CaseList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["harvest-cases/1"] = FORMAT
    cases: tuple[Case, ...]


def read_cases(path: Path) -> list[Case]:
    """Reads a case list with its paths made absolute.

    Raises:
        PlanError: no such file, or it does not follow the format; the field is named.
    """
    try:
        parsed = CaseList.model_validate_json(path.read_text())
    except OSError as error:
        raise PlanError("The case list cannot be read.", remedy="Name an existing cases.json.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise PlanError(f"The case list is not valid at {where}: {first['msg']}.") from error

    def resolve(name: str) -> str:
        return str((path.parent / name).resolve())

    return [
        c.model_copy(
            update={
                "images": {phase: resolve(name) for phase, name in c.images.items()},
                "liver": resolve(c.liver) if c.liver else None,
            }
        )
        for c in parsed.cases
    ]


def without_contradictions(cases: Iterable[Case]) -> list[Case]:
    """The cases as a detector or a key slice filter learns from them: a rejected box whose centre lies in a
    lesion, or that covers a tenth of what both cover, is ignored. Its reader said that it fits badly or is
    one too many, not that there is nothing: as a hard negative it would teach against the lesion itself."""

    def settled(case: Case) -> Case:
        lesions = [m.box for m in case.marks if m.role == "positive"]

        def on_one(mark: Mark) -> bool:
            box = mark.box
            return any(le.contains(box.centre_mm) or iou(box, le) >= 0.1 for le in lesions)

        marks = tuple(
            m.model_copy(update={"role": "ignored"}) if m.role == "negative" and on_one(m) else m
            for m in case.marks
        )
        return case.model_copy(update={"marks": marks})

    return [settled(case) for case in cases]


def write_cases(cases: list[Case], path: Path) -> None:
    """Writes a case list; the bytes depend on the cases alone."""
    path.write_text(CaseList(cases=tuple(cases)).model_dump_json(indent=1) + "\n")
