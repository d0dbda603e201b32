"""The case list: what a trainer learns from and an evaluation is judged on, as one JSON file.

The phantom generator writes it, a frozen release of the application writes it, and by hand it is short.
Image paths are relative to the file, or absolute. Images of a case are registered: all on one grid.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detector.errors import PlanError
from detector.geometry import Box3D

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

    `complete` is False where lesions may be unmarked; then only the marked boxes teach. `site` is where the
    study was made, under a name that tells nothing to outsiders, and empty where nobody said so.
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
    site: str = ""
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


def write_cases(cases: list[Case], path: Path) -> None:
    """Writes a case list; the bytes depend on the cases alone."""
    path.write_text(CaseList(cases=tuple(cases)).model_dump_json(indent=1) + "\n")
