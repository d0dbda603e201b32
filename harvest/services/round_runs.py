"""The run of a round on one study: candidates, their key slices and their tiles."""

from __future__ import annotations

import logging
import time
from uuid import UUID

from django.db import DatabaseError, transaction

from detector.contracts import Candidate as Found
from detector.contracts import StudyImages
from detector.errors import DetectorError
from detector.keyslice.select import suggest_primary
from harvest import engine, preview, store
from harvest.domain import ENDED, MAX_TRIES, CandidateKind, HiddenCase, JobState, PreparationState, Strategy
from harvest.errors import HarvestError, StoreUnreachable
from harvest.models import Candidate, HarvestRound, Lesion, RoundStudy, Study
from harvest.rendering import Window, tile_of
from harvest.sampling.arms import chance
from harvest.sampling.hidden import Shown, alter
from harvest.sampling.priority import Seen, priority_of
from harvest.services import round_counts
from harvest.services.locks import one_at_a_time
from harvest.services.preparation import prepare_study
from harvest.services.previews import changes_in
from harvest.services.readings import open_readings
from harvest.services.rounds import end_round_if_done, locked_round
from harvest.services.tiles import Part, render_tiles, tile_folder
from harvest.services.whole_slices import render_slices

log = logging.getLogger(__name__)


def run_round_study(*, round_study_id: UUID) -> None:
    """Runs the round's models on one study, which is prepared first where nobody has done it. Safe to run
    twice; a failure is kept with the study by name, one of the bucket once it has come MAX_TRIES times."""
    with one_at_a_time(round_study_id) as held:
        row = _begin(round_study_id) if held else None
        if row is None:
            return
        started = time.monotonic()
        candidates: list[Candidate] = []
        try:
            if row.tries > MAX_TRIES:
                raise HarvestError(
                    "Its worker was lost each time it was tried; memory may have run out.", code="worker_lost"
                )
            if row.study.preparation != PreparationState.READY:
                row.study = prepare_study(study_id=row.study_id)
                started = time.monotonic()
            images = engine.study_images(row.study)
            candidates = _candidates(row, images)
            # A withheld candidate is never shown, but a study with one must not take less time.
            _render(row.study, candidates, images)
            _store(row, candidates, time.monotonic() - started)
        except DatabaseError:
            _drop_tiles(candidates)
            raise
        except Exception as error:
            _drop_tiles(candidates)
            if isinstance(error, StoreUnreachable) and row.tries < MAX_TRIES:
                log.warning("round study %s is tried again: %s", row.pk, error.code)
                return
            _fail(row, error)
    end_round_if_done(round_id=row.round_id)


@transaction.atomic
def _begin(id: UUID) -> RoundStudy | None:
    """Marks the study as running; None where it has ended, or the round was cancelled."""
    round_id = RoundStudy.objects.filter(pk=id).values_list("round_id", flat=True).first()
    if round_id is None:
        return None
    parent = locked_round(round_id)
    row = (
        RoundStudy.objects.select_for_update(of=("self",))
        .select_related("study", "round__cohort", "round__model_version", "round__key_slice_version")
        .prefetch_related("study__series")
        .get(pk=id)
    )
    if row.state in ENDED:
        return None
    if parent.state in ENDED:
        RoundStudy.objects.filter(pk=id).update(state=JobState.CANCELLED)
        round_counts.count(parent.pk, done=1)
        return None
    row.state = JobState.RUNNING
    row.tries += 1
    row.save(update_fields=["state", "tries"])
    HarvestRound.objects.filter(pk=round_id, state=JobState.QUEUED).update(state=JobState.RUNNING)
    return row


def _candidates(row: RoundStudy, images: StudyImages) -> list[Candidate]:
    """Unsaved candidates above the cohort's threshold, best first, each with its key slice."""
    cohort = row.round.cohort
    found = [
        c
        for c in engine.find_candidates(row.round.model_version, images)
        if c.score >= cohort.score_threshold
    ][: cohort.max_candidates]
    altered = _altered(row, images, found)
    invented = altered.invented
    found = [*altered.shown[: cohort.max_candidates], *altered.withheld]
    shown = len(found) - len(altered.withheld)
    filter_version = row.round.key_slice_version
    boxes = [c.box for c in found]
    key_slices = engine.find_key_slices(filter_version, images, boxes) if filter_version else []
    rows = []
    for rank, c in enumerate(found, start=1):
        key = key_slices[rank - 1] if key_slices else None
        kind = CandidateKind.WITHHELD if rank > shown else CandidateKind.MODEL
        rows.append(
            Candidate(
                round_study=row,
                rank=rank,
                kind=CandidateKind.INVENTED if rank - 1 == invented else kind,
                lo=list(c.box.lo),
                hi=list(c.box.hi),
                score=c.score,
                phase_scores=dict(c.phase_scores),
                key_z_index=key.z_index if key else engine.middle_slice(images.geometry, c.box),
                primary_score=key.primary_score if key else None,
            )
        )
    # Without a filter the detector's best is all that is known.
    suggested = suggest_primary(
        [c.score for c in found[:shown]],
        [k.primary_score for k in key_slices[:shown]] or [1.0] * shown,
    )
    if suggested is not None:
        rows[suggested].suggested_primary = True
    return rows


def _render(study: Study, candidates: list[Candidate], images: StudyImages) -> None:
    """What the grid shows first: tiles in the liver window, and the whole slices of the key slices."""
    geometry = engine.geometry_of(study)
    for candidate in candidates:
        for part in Part:
            render_tiles(
                candidate=candidate,
                images=images,
                geometry=geometry,
                window=Window.LIVER,
                revision=study.image_revision,
                part=part,
            )
    key_slices = [tile_of(geometry, c.box, c.key_z_index).key_z_index for c in candidates]
    render_slices(study=study, images=images, z_indices=key_slices, window=Window.LIVER)


def _altered(row: RoundStudy, images: StudyImages, found: list[Found]) -> Shown:
    """What readers are shown of what was found: all of it, but for hidden cases, whose kind is set to what
    could be made of them."""
    if not row.hidden:
        return Shown(found, [])
    if row.from_scratch:  # nothing is shown, so there is nothing to alter
        row.hidden = HiddenCase.PLAIN
        return Shown(found, [])
    truth = Lesion.objects.filter(study=row.study, retired_at=None, settled=True)
    kind, altered = alter(
        HiddenCase(row.hidden),
        found,
        [lesion.box for lesion in truth],
        geometry=images.geometry,
        liver=None if images.liver is None else images.liver > 0,
        phases=list(images.volumes),
        seed=str(row.pk),
    )
    row.hidden = kind
    return altered


@transaction.atomic
def _store(row: RoundStudy, candidates: list[Candidate], seconds: float) -> None:
    found = changes_in(row, candidates) if row.round.against_id else None
    Candidate.objects.bulk_create(candidates)
    shown = [c for c in candidates if c.kind != CandidateKind.WITHHELD]
    RoundStudy.objects.filter(pk=row.pk).update(
        state=JobState.SUCCEEDED,
        error=None,
        seconds=seconds,
        top_score=shown[0].score if shown else None,
        hidden=row.hidden,
        differs=found,
    )
    if found == []:  # a preview shows what changes alone
        round_counts.count(row.round_id, done=1, candidate_count=len(shown))
        return
    priority = priority_of(
        Strategy(row.arm),
        [Seen(c.score, c.phase_scores) for c in shown],
        phases=row.study.series.count(),
        chance=chance(str(row.study_id), str(row.round_id)),
    )
    made = open_readings(row, priority=preview.priority(found) if found else priority)
    round_counts.count(row.round_id, done=1, reviewable=1, readings=made, candidate_count=len(shown))


@transaction.atomic
def _fail(row: RoundStudy, error: Exception) -> None:
    if isinstance(error, HarvestError | DetectorError):
        what = {"code": error.code, "message": str(error)}
    else:
        # The text of an unforeseen error may quote data; its type is enough to find it in the code.
        what = {
            "code": "internal",
            "message": f"The model could not be run on this study ({type(error).__name__}).",
        }
    log.error("round study %s failed: %s", row.pk, what["code"])
    RoundStudy.objects.filter(pk=row.pk).update(state=JobState.FAILED, error=what)
    round_counts.count(row.round_id, done=1, failed=1)


def _drop_tiles(candidates: list[Candidate]) -> None:
    for candidate in candidates:
        store.delete_folder(tile_folder(candidate.pk))
