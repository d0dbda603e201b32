"""A study made ready: phases read, named, brought onto the reference phase's grid, the liver found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.contracts import StudyImages
from detector.ingest.discover import discovered
from detector.ingest.found import Discovery, FoundSeries, FoundStudy
from detector.ingest.identify import AssignedBy, Told, decide_phases
from detector.ingest.liver import FoundLiver, LiverFinder
from detector.ingest.phases import reference_of
from detector.ingest.prepare import align_or_leave, liver_of, supplied_liver
from detector.ingest.problems import unreadable
from detector.registration.register import Mode
from detector.registration.resample import resample
from detector.registration.transform import Transform
from detector.volume import Volume


@dataclass(frozen=True, slots=True)
class PhaseTold:
    """How a phase is known: said by a person, by a name (and no image that contradicts it), or by the image;
    and the probability that it is right, 1 where a person said it."""

    assigned_by: AssignedBy
    confidence: float


@dataclass(frozen=True, slots=True)
class PreparedStudy:
    """A study on one grid, with where it came from.

    `originals` are the phases on their own grids; `quality` says for each phase but the reference how it
    was registered (registration.quality.Quality), `transforms` by what; `series` which series became which
    phase, `told` how each phase is known, and `left_out` the series that became none; `liver` how the liver
    was found, if it was; `source_sha256` stands for the content of the series used, in whatever files.
    """

    images: StudyImages
    originals: Mapping[str, Volume]
    quality: Mapping[str, Mapping[str, Any]]
    transforms: Mapping[str, Transform]
    series: Mapping[str, str]
    told: Mapping[str, PhaseTold]
    left_out: tuple[str, ...]
    liver: FoundLiver
    source_sha256: str


def prepare_study(
    found: FoundStudy,
    given: Mapping[str, str] | None = None,
    *,
    decided: Mapping[str, Told[FoundSeries]] | None = None,
    registration: Mode = "deformable",
    deeds: Path | None = None,
    finder: LiverFinder | None = None,
) -> PreparedStudy:
    """Reads a found study's phases and registers them to portal venous, else arterial.

    `given` maps series keys to phases; `decided` is what decide_phases gave for them already. `registration`
    and `deeds` are those of registration.register, `finder` how a liver is looked for that came with no mask.

    Raises:
        PhaseError: phases that only a person can tell; ReadError: a series that cannot be read.
    """
    if decided is None:
        decided = decide_phases(found.acquisitions, given)
    chosen = {phase: told.series for phase, told in decided.items()}
    originals = {phase: series.read() for phase, series in chosen.items()}
    digests = {phase: series.sha256 for phase, series in chosen.items()}
    reference = reference_of(originals)
    fixed = originals[reference]
    liver = supplied_liver(found.liver, fixed.geometry) if found.liver else liver_of(fixed, finder)
    volumes: dict[str, Volume] = {}
    quality: dict[str, Mapping[str, Any]] = {}
    transforms: dict[str, Transform] = {}
    for phase, original in originals.items():
        if phase == reference:
            volumes[phase] = fixed
        else:
            done = align_or_leave(original, fixed, liver.mask, mode=registration, deeds=deeds)
            volumes[phase] = resample(original, fixed.geometry, done.transform)
            transforms[phase], quality[phase] = done.transform, done.quality.as_json()
    return PreparedStudy(
        images=StudyImages(volumes=volumes, reference_phase=reference, liver=liver.mask),
        originals=originals,
        quality=quality,
        transforms=transforms,
        series={phase: series.key for phase, series in chosen.items()},
        told={phase: PhaseTold(told.assigned_by, told.confidence) for phase, told in decided.items()},
        left_out=tuple(s.key for s in found.acquisitions if s not in chosen.values()),
        liver=liver,
        source_sha256=source_digest(digests),
    )


def source_digest(digests: Mapping[str, str]) -> str:
    """What stands for the content of a study: of its phases' digests."""
    parts = sorted(f"{phase}:{digest}" for phase, digest in digests.items())
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def load_study(
    path: Path, *, phases: Mapping[str, str] | None = None, registration: Mode = "deformable"
) -> StudyImages:
    """Reads and registers the one study in a folder or archive.

    Raises:
        ArchiveError, PhaseError, ReadError: codes no_study (with what was refused in its details) and
            several_studies besides those of its parts.
    """
    with discovered(path) as found:
        return prepare_study(only_study(found), phases, registration=registration).images


def only_study(discovery: Discovery) -> FoundStudy:
    """The study, where there is exactly one.

    Raises:
        ReadError: codes no_study and several_studies; or, where the one thing refused says why there is no
            study, that refusal's own code.
    """
    if len(discovery.studies) == 1:
        return discovery.studies[0]
    if discovery.studies:
        raise unreadable(
            "several_studies",
            f"The folder holds {len(discovery.studies)} studies, not one.",
            "Name the folder of one study.",
        )
    reasons = [r for r in discovery.refused if not r.routine] or discovery.refused
    if len({r.code for r in reasons}) == 1:
        raise unreadable(reasons[0].code, reasons[0].message, reasons[0].remedy)
    told = "; ".join(dict.fromkeys(r.message for r in reasons[:5]))
    raise unreadable(
        "no_study",
        f"No readable CT study was found. {told}".strip(),
        "Name a folder of DICOM, or of NIfTI phases such as portal_venous.nii.gz.",
        refused=[{"ordinal": r.ordinal, "code": r.code, "message": r.message} for r in discovery.refused],
    )
