"""Studies from the DICOM slices of an archive: each with the series that can be phases, the rest by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from detector.errors import ReadError
from detector.ingest.canonical import MIN_SLICES
from detector.ingest.dicom_grid import StackGrid, stack_grid
from detector.ingest.dicom_header import SliceHeader
from detector.ingest.dicom_pixels import slice_digest
from detector.ingest.dicom_series import split_acquisitions, without_copies
from detector.ingest.found import DicomSource, FoundSeries, FoundStudy, sha256_text
from detector.ingest.masks import MASK_FOLDER
from detector.ingest.phases import hint_from_folder, hint_from_text
from detector.ingest.problems import unreadable
from detector.ingest.reconstructions import Candidate, choose
from detector.ingest.refusals import Refusals
from detector.ingest.truth_file import TRUTH_FILE, existing

_NOTHING = "Nothing needs to be done."


def dicom_studies(slices: list[SliceHeader], refusals: Refusals) -> list[FoundStudy]:
    """Studies by their uids. A second copy of a study, in whatever folder, adds nothing to it."""
    by_study: dict[str, list[SliceHeader]] = defaultdict(list)
    for s in _one_patient_each(slices, refusals):
        by_study[s.study_uid].append(s)
    studies = []
    for uid, members in by_study.items():
        members = sorted(without_copies(members), key=lambda s: str(s.path))
        acquisitions = _acquisitions(members, refusals)
        if not acquisitions:
            continue
        name, folders = refusals.common({s.path.parent for s in members})
        key = sha256_text(uid)
        studies.append(
            FoundStudy(
                key=key,
                subject_key=members[0].patient or f"study {key}",
                study_date=members[0].study_date,
                acquisitions=acquisitions,
                relative_path=name,
                truth=next((t for folder in folders if (t := existing(folder / TRUTH_FILE))), None),
                masks={k: v for folder in folders for k, v in _mask_folders(folder).items()},
            )
        )
    return studies


def _mask_folders(folder: Path) -> dict[str, Path]:
    """Masks of a DICOM study as folders of DICOM: MASKS_DICOM/NAME in or beside its folder."""
    masks: dict[str, Path] = {}
    for holder in (folder.parent / MASK_FOLDER, folder / MASK_FOLDER):
        if holder.is_dir():
            masks |= {d.name.lower(): d for d in sorted(holder.iterdir()) if d.is_dir()}
    return masks


def _one_patient_each(slices: list[SliceHeader], refusals: Refusals) -> list[SliceHeader]:
    """Drops the folders and studies that mix patients: whose lesion it is must never be in doubt."""
    error = unreadable(
        "two_patients",
        "The images of two patients lie in one folder or study.",
        "Put each patient in a folder of its own and import again.",
    )
    for place in (lambda s: s.path.parent, lambda s: s.study_uid):
        patients: dict[object, set[str]] = defaultdict(set)
        for s in slices:
            patients[place(s)].add(s.patient)
        mixed = {where for where, names in patients.items() if len(names) > 1}
        for s in slices:
            if place(s) in mixed:
                refusals.add_error(s.path, error)
        slices = [s for s in slices if place(s) not in mixed]
    return slices


def _acquisitions(members: Sequence[SliceHeader], refusals: Refusals) -> list[FoundSeries]:
    candidates: list[Candidate] = []
    failed: list[tuple[str, list[SliceHeader], ReadError]] = []
    for key, hint, stack in _named_stacks(members, refusals):
        try:
            candidates.append(Candidate(key, hint, stack_grid(stack)))
        except ReadError as error:
            failed.append((key, stack, error))
    for key, stack, problem in failed:
        if problem.code == "not_axial" and candidates:
            # Coronal and sagittal cuts are made from the axial scan that is there.
            message = f"Series {key}: a coronal or sagittal reformat is not read as a phase."
            refusals.add(_first(stack), "reformat", message, _NOTHING, routine=True)
        else:
            refusals.add_error(_first(stack), problem, f"Series {key}: {problem.message}")
    kept, left_out = choose(_without_twins(candidates, refusals))
    for candidate, best, why in left_out:
        message = f"Series {candidate.key}: another reconstruction of series {best.key}, left out: {why}."
        refusals.add(_first(candidate.grid.slices), "other_reconstruction", message, _NOTHING, routine=True)
    return [_found(c) for c in kept]


def _named_stacks(
    members: Sequence[SliceHeader], refusals: Refusals
) -> list[tuple[str, str | None, list[SliceHeader]]]:
    """Every stack of a study with its key and the phase that its texts name, in the order of series."""
    by_series: dict[str, list[SliceHeader]] = defaultdict(list)
    series_in = defaultdict(set)
    for s in members:
        by_series[s.series_uid].append(s)
        series_in[s.path.parent].add(s.series_uid)
    ordered = sorted(by_series.values(), key=lambda group: (group[0].series_number or 0, group[0].series_uid))
    numbers = Counter(g[0].series_number for g in ordered)
    seen: Counter[str] = Counter()
    named = []
    for index, group in enumerate(ordered, start=1):
        number = group[0].series_number
        name = f"s{index}" if number is None else str(number)
        try:
            stacks = _without_strays(name, split_acquisitions(group), refusals)
        except ReadError as error:
            refusals.add_error(_first(group), error, f"Series {name}: {error.message}")
            continue
        hint = hint_from_text(group[0].description)
        if hint is None and all(len(series_in[s.path.parent]) == 1 for s in group):
            hint = hint_from_folder(group[0].path.parent.name)
        many = len(stacks) > 1 or (numbers[number] > 1 and number is not None)
        for stack in stacks:
            seen[name] += 1
            named.append((f"{name}.{seen[name]}" if many else name, hint, stack))
    return named


def _without_strays(
    name: str, stacks: list[list[SliceHeader]], refusals: Refusals
) -> list[list[SliceHeader]]:
    """Drops the odd slices of another grid (a scout without the word, a summary) beside a whole volume."""
    whole = [stack for stack in stacks if len(stack) >= MIN_SLICES]
    if not whole:
        return stacks
    for stack in stacks:
        if len(stack) < MIN_SLICES:
            message = f"Series {name}: {len(stack)} slices of another grid than the rest are left out."
            refusals.add(_first(stack), "stray_slices", message, _NOTHING, routine=True)
    return whole


def _without_twins(candidates: list[Candidate], refusals: Refusals) -> list[Candidate]:
    """Drops a stack whose every slice another has too, pixel for pixel: a copy under new uids."""
    kept: list[Candidate] = []
    for one in candidates:
        twin = next((other for other in kept if _same_content(one.grid, other.grid)), None)
        if twin is None:
            kept.append(one)
        else:
            message = f"Series {one.key}: a copy of series {twin.key} adds nothing."
            refusals.add(_first(one.grid.slices), "copy", message, _NOTHING, routine=True)
    return kept


def _same_content(a: StackGrid, b: StackGrid) -> bool:
    if len(a.slices) != len(b.slices) or any(
        (p.position, p.orientation, p.pixel_spacing) != (q.position, q.orientation, q.pixel_spacing)
        for p, q in zip(a.slices, b.slices, strict=True)
    ):
        return False
    try:
        return all(slice_digest(p) == slice_digest(q) for p, q in zip(a.slices, b.slices, strict=True))
    except ReadError:
        return False


def _found(candidate: Candidate) -> FoundSeries:
    grid = candidate.grid
    times = [s.acquired_at for s in grid.slices if s.acquired_at is not None]
    return FoundSeries(
        key=candidate.key,
        modality="CT",
        phase_hint=candidate.hint,
        n_slices=len(grid.slices),
        spacing=grid.geometry().spacing_xyz_mm,
        source=DicomSource(grid.slices),
        acquired_at=min(times, default=None),
        note=grid.note,
        tube_kv=grid.slices[0].tube_kv,
    )


def _first(stack: Sequence[SliceHeader]) -> Path:
    return min(s.path for s in stack)
