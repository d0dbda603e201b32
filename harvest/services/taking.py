"""One found study becomes rows and a folder in the store: all of it, or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from detector.deidentify import keyed
from detector.deidentify.burned_in import slices_with_text
from detector.deidentify.header import deidentified
from detector.geometry import Box3D, VolumeGeometry
from detector.ingest.found import FoundSeries, FoundStudy
from detector.ingest.identify import Told, decide_phases
from detector.ingest.liver import FoundLiver
from detector.ingest.phases import reference_of
from detector.ingest.prepare import supplied_liver
from detector.ingest.study import source_digest
from detector.ingest.truth import Truth, read_truth
from detector.volume import Volume, write_volume
from harvest import engine, store
from harvest.domain import LesionClass, LesionSource, LiverSource, Split
from harvest.errors import Conflict, HarvestError
from harvest.models import Cohort, Lesion, Series, Study, Subject
from harvest.services.dates import shifted


@dataclass(frozen=True, slots=True)
class Taken:
    """The study's row, whether it was there before, and what of it could not be used, in words."""

    study: Study
    duplicate: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the study's folder holds: the grid of each phase, slices that seem to bear writing, the liver."""

    reference: str
    geometries: Mapping[str, VolumeGeometry]
    suspected_text: Mapping[str, list[int]]
    liver: FoundLiver


def pseudonym_of(subject_key: str) -> str:
    """A keyed hash of a patient's identifier: the same in every cohort, and no way back without the key."""
    return keyed.pseudonym(settings.PSEUDONYM_KEY, subject_key)


def take_study(
    *,
    cohort: Cohort,
    found: FoundStudy,
    given: Mapping[str, str],
    split: Split,
    registration: str = "",
    site: str = "",
) -> Taken:
    """Reads and stores one study, a phase in memory at a time; services/preparation.py makes it ready, in the
    way `registration` says ("": the installation's); `site` is where it was made. On any failure database and
    store are as before.

    Raises:
        DetectorError: it cannot be read or its phases must be said.
        Conflict: code split_fixed where the subject is in the other split.
        StorageFull: the disk is full.
    """
    store.require_space(0)
    decided = decide_phases(found.acquisitions, given)
    digests = {phase: told.series.sha256 for phase, told in decided.items()}
    pseudonym = pseudonym_of(found.subject_key)
    on = shifted(found.study_date, pseudonym)
    if there := _study_of(cohort, digests):
        _note_date(there, pseudonym, on)
        return Taken(there, duplicate=True)
    _check_split(Subject.objects.filter(cohort=cohort, pseudonym=pseudonym).first(), split)
    # A pool study's pathology alone is known beforehand; masks and boxes are truth of gold studies, or of a
    # data set whose publishers vouch for them.
    truth = read_truth(found) if found.truth or found.lesions or split == Split.GOLD else None
    _check_truth(truth)
    reference = reference_of(decided)
    drawn = truth if found.lesions or split == Split.GOLD else None
    drawn_on = _drawn_phase(drawn, reference, decided)
    id = uuid.uuid4()
    key = f"studies/{id}"
    try:
        kept = _write_folder(found, decided, reference, key)
        with transaction.atomic():
            study = _write_rows(
                cohort, id, key, kept, decided, digests, pseudonym, split, truth, drawn, drawn_on, on, site
            )
            if study.pk == id:
                Study.objects.filter(pk=id).update(registration=registration or settings.REGISTRATION)
            if settings.KEEP_LINKS:
                Subject.objects.filter(pk=study.subject_id).update(identifier=found.subject_key)
    except BaseException:
        store.delete_folder(key)
        raise
    if study.pk != id:
        store.delete_folder(key)
        return Taken(study, duplicate=True)
    carried = (
        f"Its lesions were drawn on {drawn_on} and are carried over to {reference} when it is registered."
    )
    notes = (kept.liver.note, carried if drawn and drawn.lesions and drawn_on != reference else "")
    return Taken(study, duplicate=False, note=" ".join(n for n in notes if n))


def _study_of(cohort: Cohort, digests: Mapping[str, str]) -> Study | None:
    """The cohort's study with these very series in these very phases."""
    maybe = Study.objects.filter(cohort=cohort, series__source_sha256__in=digests.values()).distinct()
    for study in maybe.prefetch_related("series"):
        if {s.phase: s.source_sha256 for s in study.series.all()} == digests:
            return study
    return None


def _note_date(study: Study, pseudonym: str, on: date | None) -> None:
    """Studies that were taken before dates were kept get theirs when they are seen again."""
    if on and study.shifted_date is None and study.subject.pseudonym == pseudonym:
        study.shifted_date = on
        study.save(update_fields=["shifted_date"])


def _check_split(subject: Subject | None, split: Split) -> None:
    if subject and subject.split != split:
        raise Conflict(
            f"This subject is already in the {subject.split} split, so this study cannot go to {split}.",
            code="split_fixed",
            details={"remedy": f"Import it with the subject's other studies, as {subject.split}."},
        )


def _check_truth(truth: Truth | None) -> None:
    classes = {truth.lesion_class, *(m.lesion_class for m in truth.lesions)} if truth else set()
    if wrong := sorted(c for c in classes if c and c not in set(LesionClass)):
        raise HarvestError(
            f"The study's truth names a class that does not exist: {', '.join(wrong)}.",
            code="truth",
            details={"remedy": f"One of: {', '.join(LesionClass)}."},
        )


def _drawn_phase(truth: Truth | None, reference: str, decided: Mapping[str, Told[FoundSeries]]) -> str:
    """The phase that a study's lesions were drawn on: of one that is not the reference they are carried over
    when the phases are registered (services/carrying.py).

    Raises:
        HarvestError: code truth_frame where the study is taken without that phase.
    """
    if truth is None:
        return reference
    if truth.series is not None:
        phase = next((p for p, told in decided.items() if told.series.key == truth.series), None)
        named = f"series {truth.series}"
    else:
        phase, named = truth.reference_phase or reference, f"the {truth.reference_phase} phase"
    if phase not in decided:
        raise HarvestError(
            f"The lesions were drawn on {named}, and the study comes without it.",
            code="truth_frame",
            details={"remedy": f"Import the study with {named}."},
        )
    return str(phase)


def _rekeyed(volume: Volume) -> Volume:
    """The same on a frame of reference that nobody can recognise without the installation's key."""
    uid = keyed.remapped_uid(settings.PSEUDONYM_KEY, volume.geometry.frame_of_reference_uid)
    return Volume(volume.array_zyx, replace(volume.geometry, frame_of_reference_uid=uid))


def _write_folder(
    found: FoundStudy, decided: Mapping[str, Told[FoundSeries]], reference: str, key: str
) -> _Kept:
    geometries: dict[str, VolumeGeometry] = {}
    suspected: dict[str, list[int]] = {}
    liver = FoundLiver(None, "none")
    with store.new_folder(key) as folder:
        (folder / engine.ORIGINAL).mkdir()
        for phase, told in decided.items():
            volume = _rekeyed(told.series.read())
            store.require_space(int(np.asarray(volume.array_zyx).nbytes))
            write_volume(volume, folder / engine.ORIGINAL / f"{phase}.npy")
            geometries[phase] = volume.geometry
            if slices := slices_with_text(volume):
                suspected[phase] = slices
            # How the phase was made, as DICOM JSON without the patient.
            if (header := told.series.header()) is not None:
                bare = deidentified(header, key=settings.PSEUDONYM_KEY, subject=found.subject_key)
                (folder / engine.HEADERS).mkdir(exist_ok=True)
                (folder / engine.HEADERS / f"{phase}.json").write_text(bare.to_json())
        if found.liver:
            liver = supplied_liver(found.liver, geometries[reference])
        if liver.mask is not None:
            write_volume(Volume(liver.mask, geometries[reference]), folder / engine.LIVER)
    return _Kept(reference, geometries, suspected, liver)


def _write_rows(
    cohort: Cohort,
    id: uuid.UUID,
    key: str,
    kept: _Kept,
    decided: Mapping[str, Told[FoundSeries]],
    digests: Mapping[str, str],
    pseudonym: str,
    split: Split,
    truth: Truth | None,
    drawn: Truth | None,
    drawn_on: str,
    on: date | None,
    site: str,
) -> Study:
    # One import at a time numbers studies; the lock also settles a race of two imports of one study.
    Cohort.objects.select_for_update(no_key=True).get(pk=cohort.pk)
    if there := _study_of(cohort, digests):
        return there
    subject, _ = Subject.objects.get_or_create(cohort=cohort, pseudonym=pseudonym, defaults={"split": split})
    _check_split(subject, split)
    supplied = kept.liver.source == LiverSource.SUPPLIED
    study = Study.objects.create(
        id=id,
        cohort=cohort,
        subject=subject,
        ordinal=(cohort.studies.aggregate(last=Max("ordinal"))["last"] or 0) + 1,
        source_sha256=source_digest(digests),
        reference_phase=kept.reference,
        geometry=kept.geometries[kept.reference].as_json(),
        lesion_class=(truth.lesion_class if truth else None) or "",
        has_liver=supplied,
        liver_source=LiverSource.SUPPLIED if supplied else "",
        complete=drawn is not None and (split == Split.GOLD if drawn.complete is None else drawn.complete),
        suspected_text=dict(kept.suspected_text),
        store_key=key,
        shifted_date=on,
        site=site,
    )
    Series.objects.bulk_create(
        Series(
            study=study,
            modality=told.series.modality,
            phase=phase,
            geometry=kept.geometries[phase].as_json(),
            source_sha256=digests[phase],
            assigned_by=told.assigned_by,
            confidence=told.confidence,
        )
        for phase, told in decided.items()
    )
    if drawn:
        Lesion.objects.bulk_create(
            imported_lesion(
                study,
                m.box,
                primary=m.primary,
                lesion_class=m.lesion_class,
                absent_phases=m.absent_phases,
                attributes=m.attributes,
                drawn_on=drawn_on,
            )
            for m in drawn.lesions
        )
    return study


def imported_lesion(
    study: Study,
    box: Box3D,
    *,
    primary: bool,
    lesion_class: str | None,
    absent_phases: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    drawn_on: str = "",
) -> Lesion:
    """An unsaved lesion that came with a study; `drawn_on` is the phase that its box lies in, if it is not
    the reference."""
    return Lesion(
        study=study,
        source=LesionSource.IMPORTED,
        lo=list(box.lo),
        hi=list(box.hi),
        reference_phase=drawn_on or study.reference_phase,
        frame_of_reference_uid=str(study.geometry.get("frame_of_reference_uid", "")),
        primary=primary,
        lesion_class=lesion_class or "",
        absent_phases=list(absent_phases),
        attributes=dict(attributes or {}),
    )
