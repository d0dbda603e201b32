"""`prepare`: every study under a folder or archive, registered, as fast volumes and a case list."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from detector.data.cases import Case, Mark, write_cases
from detector.errors import DetectorError, PhaseError, PlanError
from detector.ingest.discover import discovered
from detector.ingest.found import FoundStudy
from detector.ingest.liver import LIVER_METHODS, LiverFinder
from detector.ingest.phases import parse_given
from detector.ingest.study import PhaseTold, PreparedStudy, prepare_study
from detector.ingest.truth import Truth, read_truth
from detector.registration.register import Mode
from detector.volume import Volume, write_volume

HELP = "read and register every study under a folder or archive"


_Item = tuple[FoundStudy, str, str, Mapping[str, str], Path, Mode, Path | None, LiverFinder]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, help="folder or archive of DICOM or NIfTI studies")
    parser.add_argument("--out", type=Path, required=True, help="folder for the volumes and cases.json")
    parser.add_argument(
        "--phase", dest="phases", action="append", default=[], metavar="SERIES=PHASE",
        help="which series is which phase, for the studies that have the series",
    )  # fmt: skip
    parser.add_argument(
        "--registration", choices=("deformable", "rigid"), default="deformable",
        help="how phases are brought onto portal venous (default deformable; rigid is faster)",
    )  # fmt: skip
    parser.add_argument("--deeds", type=Path, help="your deedsBCV program, to deform phases with instead")
    parser.add_argument(
        "--liver", choices=LIVER_METHODS, default="network",
        help="what finds the liver of a study without a mask (default network)",
    )  # fmt: skip
    parser.add_argument(
        "--liver-weights", type=Path, help="of a liver network, instead of the reference ones"
    )
    parser.add_argument("--jobs", type=int, default=2, help="studies at once (default 2)")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one study: its case and a line to tell, or why it was refused."""

    told: str
    case: Case | None = None


def run(arguments: argparse.Namespace) -> int:
    """Writes what can be read and lists what cannot; 1 if anything but a matter of course was refused."""
    given = parse_given(arguments.phases)
    out: Path = arguments.out
    with discovered(arguments.dir) as found:
        _check_given(given, found.studies)
        _make_folder(out)
        names = [f"study-{i:04d}" for i in range(1, len(found.studies) + 1)]
        subjects = _subject_names(found.studies)
        finder = LiverFinder(arguments.liver, weights=arguments.liver_weights)
        work: list[_Item] = [
            (study, name, subject, given, out, arguments.registration, arguments.deeds, finder)
            for study, name, subject in zip(found.studies, names, subjects, strict=True)
        ]
        cases: list[Case] = []
        failed = 0
        for study, outcome in zip(found.studies, _outcomes(work, arguments.jobs), strict=True):
            if outcome.case:
                cases.append(outcome.case)
                print(outcome.told, flush=True)
            else:
                failed += 1
                print(f"refused {study.relative_path}: {outcome.told}", file=sys.stderr, flush=True)
    for refusal in found.refused:
        kind = "left out" if refusal.routine else "refused"
        remedy = "" if refusal.routine else f" {refusal.remedy}"
        print(f"{kind} {refusal.relative_path}: {refusal.message}{remedy}", file=sys.stderr)
    failed += sum(not r.routine for r in found.refused)
    if not cases:
        raise PlanError("No study could be prepared.", remedy="See the list of what was refused.")
    write_cases(cases, out / "cases.json")
    print(f"{len(cases)} studies prepared, {failed} refused.")
    return 1 if failed else 0


def _check_given(given: Mapping[str, str], studies: list[FoundStudy]) -> None:
    there = {s.key for study in studies for s in study.acquisitions}
    if unknown := sorted(set(given) - there):
        raise PhaseError(
            f"No study has a series {', '.join(unknown)}.",
            remedy=f"There are: {', '.join(sorted(there)[:20]) or 'none'}.",
        )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(
            f"The folder cannot be written: {error.strerror}.", remedy="Choose another --out."
        ) from error


def _subject_names(studies: list[FoundStudy]) -> list[str]:
    """One name a subject that tells nothing of who it is: subject-0001 in order of appearance."""
    numbers: dict[str, int] = {}
    for study in studies:
        numbers.setdefault(study.subject_key, len(numbers) + 1)
    return [f"subject-{numbers[study.subject_key]:04d}" for study in studies]


def _outcomes(work: list[_Item], jobs: int) -> list[_Outcome]:
    if jobs < 2 or len(work) < 2:
        return [_prepare(item) for item in work]
    # Spawned, not forked: ITK's threads do not survive a fork.
    with ProcessPoolExecutor(min(jobs, len(work)), mp_context=get_context("spawn")) as pool:
        return list(pool.map(_prepare, work))


def _prepare(item: _Item) -> _Outcome:
    found, name, subject, given, out, registration, deeds, finder = item
    mine = {s.key: given[s.key] for s in found.acquisitions if s.key in given}
    try:
        prepared = prepare_study(found, mine or None, registration=registration, deeds=deeds, finder=finder)
        case = _case(name, subject, prepared, read_truth(found))
        _write(prepared, out, name)
    except DetectorError as error:
        return _Outcome(str(error))
    except OSError as error:
        return _Outcome(
            f"The volumes cannot be written: {error.strerror}. Free space or choose another --out."
        )
    except MemoryError:
        return _Outcome("The study does not fit in memory. Prepare it with --jobs 1.")
    phases = ", ".join(
        f"{phase} (series {key}, {_how(prepared.told[phase])})" for phase, key in prepared.series.items()
    )
    left_out = f"; not used: {', '.join(prepared.left_out)}" if prepared.left_out else ""
    used = prepared.series.values()
    notes = "".join(f"; series {s.key}: {s.note}" for s in found.acquisitions if s.note and s.key in used)
    liver = f"; liver: {prepared.liver.source}" + (f" ({prepared.liver.note})" if prepared.liver.note else "")
    return _Outcome(f"{name}: {phases}{left_out}{notes}{liver}; {len(case.marks)} marks", case)


def _how(told: PhaseTold) -> str:
    return told.assigned_by if told.assigned_by == "said" else f"{told.assigned_by} {told.confidence:.2f}"


def _case(name: str, subject: str, prepared: PreparedStudy, truth: Truth | None) -> Case:
    images = prepared.images
    if truth and truth.reference_phase not in (None, images.reference_phase):
        raise PlanError(
            f"The truth is drawn on the {truth.reference_phase} phase, the study's reference is "
            f"{images.reference_phase}.",
            remedy="Add the phase that the truth was drawn on.",
        )
    marks = tuple(
        Mark(lo=m.box.lo, hi=m.box.hi, primary=m.primary, lesion_class=m.lesion_class)
        for m in (truth.lesions if truth else ())
    )
    return Case(
        study=name,
        subject=subject,
        reference_phase=images.reference_phase,
        images={phase: f"{name}/{phase}.npy" for phase in images.volumes},
        liver=f"{name}/liver.npy" if images.liver is not None else None,
        lesion_class=truth.lesion_class if truth else None,
        complete=truth is not None,
        marks=marks,
    )


def _write(prepared: PreparedStudy, out: Path, name: str) -> None:
    """Writes a study's folder whole or not at all."""
    partial, final = out / f".{name}.partial", out / name
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for phase, volume in prepared.images.volumes.items():
            write_volume(volume, partial / f"{phase}.npy")
        if prepared.images.liver is not None:
            mask = np.asarray(prepared.images.liver, dtype=np.uint8)
            write_volume(Volume(mask, prepared.images.geometry), partial / "liver.npy")
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
