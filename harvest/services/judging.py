"""Versions judged side by side: every gold case answered once by each, by any worker, then compared.

An answer is kept, so a second judgement on the same cases asks nothing again, and a lost worker costs one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone

from detector.data.cases import Case
from detector.errors import DetectorError
from detector.evaluation.noninferiority import MARGIN, compare_answers, refusals
from harvest import engine, queue, store
from harvest.domain import ENDED, MAX_TRIES, JobState, ModelKind, Split
from harvest.engine_release import case_list
from harvest.errors import Conflict, HarvestError, StoreUnreachable
from harvest.models import DatasetRelease, GoldAnswer, Judgement, ModelVersion
from harvest.selectors.judgements import gold_release
from harvest.selectors.releases import manifest
from harvest.selectors.versions import promoted, version
from harvest.services.locks import one_at_a_time

log = logging.getLogger(__name__)
ANSWER = "answer_case"


@transaction.atomic
def request_judgement(
    *,
    version_id: UUID,
    rival: ModelVersion | None = None,
    release: DatasetRelease | None = None,
    margin: float = MARGIN,
    owner: User | None = None,
) -> Judgement:
    """Asks for a version to be judged beside a rival (the one its kind uses) on the gold studies of a
    release: by default the latest of the cohort that it learned from, or else of any with gold studies.

    Raises:
        NotFound: no such version, or no release holds a gold study.
        Conflict: it is in use, nothing of its kind is, the release has no gold case for its kind, or it is
            being judged already.
        HarvestError: the margin is not a loss in (-1, 0].
    """
    row = version(version_id)
    if not -1 < margin <= 0:
        raise HarvestError("A margin is what may be lost, between -1 and 0.", code="margin")
    rival = rival or promoted(ModelKind(row.kind))
    if rival is None or rival == row:
        raise Conflict(
            f"{row.name} is in use itself; there is nothing to judge it against.", code="nothing_to_judge"
        )
    frozen = release or gold_release(row)
    cases = case_list(manifest(frozen), ModelKind(row.kind), Split.GOLD, store.root())
    if not cases:
        raise Conflict(
            f"Release {frozen.number} of cohort {frozen.cohort.name} has no gold study that says something "
            f"to a {row.kind.replace('_', ' ')}. Import gold studies with their lesions, and freeze.",
            code="no_gold",
        )
    same = Judgement.objects.filter(version=row, against=rival, release=frozen, margin=margin)
    if same.exclude(state__in=ENDED).exists():
        raise Conflict(f"{row.name} is being judged already.", code="already_judging")
    by_hash = {_hash(case): case for case in cases}
    made = Judgement.objects.create(
        version=row,
        against=rival,
        release=frozen,
        owner=owner,
        margin=margin,
        cases=list(by_hash),
        state=JobState.QUEUED,
    )
    for judged in (row, rival):
        _ask(judged, by_hash)
    _move_on(made)
    return made


def answer_case(*, answer_id: UUID) -> None:
    """Asks a version for its answer to one case; safe to run twice. A failure is kept with the case by name,
    one of the bucket once it has come MAX_TRIES times.
    Judgements that waited for this one alone are settled."""
    with one_at_a_time(answer_id) as held:
        row = _begin(answer_id) if held else None
        if row is None:
            return
        try:
            if row.tries > MAX_TRIES:
                raise HarvestError(
                    "Its worker was lost each time it was tried; memory may have run out.", code="worker_lost"
                )
            said = engine.answer_case(row.version, Case.model_validate(row.case))
            fields = {"state": JobState.SUCCEEDED, "answer": said, "error": None}
        except DatabaseError:
            raise
        except (HarvestError, DetectorError) as error:
            if isinstance(error, StoreUnreachable) and row.tries < MAX_TRIES:
                log.warning("answer %s is tried again: %s", row.pk, error.code)
                return
            fields = {"state": JobState.FAILED, "error": {"code": error.code, "message": str(error)}}
        except Exception as error:
            # The text of an unforeseen error may quote data; its type is enough to find it in the code.
            what = f"The model could not be run on this study ({type(error).__name__})."
            fields = {"state": JobState.FAILED, "error": {"code": "internal", "message": what}}
            log.error("answer %s failed: %s", row.pk, type(error).__name__)
        GoldAnswer.objects.filter(pk=row.pk).update(**fields)
    for judgement in Judgement.objects.filter(cases__contains=[row.case_sha256]).exclude(state__in=ENDED):
        _move_on(judgement)


def move_judgements_on() -> None:
    """Settles what is answered, and sends again what lost its worker or its message."""
    waits = Judgement.objects.exclude(state__in=ENDED)
    for judgement in waits:
        _move_on(judgement)
    wanted = {case for cases in waits.values_list("cases", flat=True) for case in cases}
    if not wanted:
        return
    rows = GoldAnswer.objects.filter(case_sha256__in=wanted)
    lost = []
    for id in rows.filter(state=JobState.RUNNING).values_list("pk", flat=True):
        with one_at_a_time(id) as free:
            pass
        if free:
            lost.append(id)
    if queue.waiting(queue.INFER) == 0:
        lost += rows.filter(state=JobState.QUEUED).values_list("pk", flat=True)
    for id in lost:
        queue.enqueue(ANSWER, id, queue=queue.INFER)


def _hash(case: Case) -> str:
    return hashlib.sha256(case.model_dump_json().encode()).hexdigest()


def _ask(row: ModelVersion, cases: dict[str, Case]) -> None:
    known = GoldAnswer.objects.filter(version=row, case_sha256__in=cases)
    known.filter(state=JobState.FAILED).update(state=JobState.QUEUED, tries=0, error=None)
    there = set(known.values_list("case_sha256", flat=True))
    GoldAnswer.objects.bulk_create(
        (
            GoldAnswer(version=row, case_sha256=digest, case=json.loads(case.model_dump_json()))
            for digest, case in cases.items()
            if digest not in there
        ),
        ignore_conflicts=True,
    )
    waits = GoldAnswer.objects.filter(version=row, case_sha256__in=cases, state=JobState.QUEUED)
    for id in waits.values_list("pk", flat=True):
        queue.enqueue(ANSWER, id, queue=queue.INFER)


@transaction.atomic
def _begin(id: UUID) -> GoldAnswer | None:
    row = GoldAnswer.objects.select_for_update(of=("self",)).select_related("version").filter(pk=id).first()
    if row is None or row.state in ENDED:
        return None
    row.state = JobState.RUNNING
    row.tries += 1
    row.save(update_fields=["state", "tries"])
    return row


def _move_on(row: Judgement) -> None:
    """Writes down how far a judgement is; whoever finds every case answered compares, and the first to do so
    counts."""
    answers: dict[UUID, list[GoldAnswer]] = {row.version_id: [], row.against_id: []}
    for one in GoldAnswer.objects.filter(version__in=list(answers), case_sha256__in=row.cases):
        answers[one.version_id].append(one)
    found = [one for side in answers.values() for one in side]
    if any(one.state not in ENDED for one in found):
        if any(one.state != JobState.QUEUED for one in found):
            Judgement.objects.filter(pk=row.pk, state=JobState.QUEUED).update(state=JobState.RUNNING)
        return
    fields: dict[str, Any]
    if failed := next((one for one in found if one.state == JobState.FAILED), None):
        said = (failed.error or {}).get("message", "")
        fields = {"state": JobState.FAILED, "error": {"code": "not_answered", "message": said}}
    else:
        old, new = ([one.answer or {} for one in answers[id]] for id in (row.against_id, row.version_id))
        compared = compare_answers(row.version.kind, old, new)
        against = refusals(compared, margin=row.margin)
        fields = {
            "state": JobState.SUCCEEDED,
            "comparison": compared,
            "refusals": against,
            "passed": not against,
        }
    with transaction.atomic():
        rows = Judgement.objects.select_for_update().filter(pk=row.pk).exclude(state__in=ENDED)
        if rows.filter(state=JobState.QUEUED).exists():
            rows.update(state=JobState.RUNNING)
        rows.update(**fields, finished_at=timezone.now())
