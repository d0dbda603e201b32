"""The gate: every gold case asked once of both versions, compared, and what may come into use then."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from detector.contracts import Candidate
from harvest import engine, queue
from harvest.domain import MAX_TRIES, JobState, ModelKind, PromotionGround, Split
from harvest.errors import Conflict, GateRefused, NotFound, StoreUnreachable
from harvest.models import GoldAnswer, Judgement, Promotion
from harvest.selectors.versions import promoted
from harvest.services import judging
from harvest.services.promotion import promote, roll_back
from harvest.services.releases import create_release
from tests.harvest.curated import ELSEWHERE, TUMOUR, make_study, make_version, mark_lesion
from tests.harvest.states import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def gold(cohort):
    """Three gold studies with a lesion each, frozen."""
    for _ in range(3):
        mark_lesion(make_study(cohort, split=Split.GOLD, complete=True, volumes=True))
    return create_release(cohort=cohort.pk)


@pytest.fixture
def versions(monkeypatch):
    """The one in use, one as good, and one that finds nothing; each finds one box, always."""
    used, good, bad = make_version(), make_version(promoted=False), make_version(promoted=False)
    boxes = {used.pk: TUMOUR, good.pk: TUMOUR, bad.pk: ELSEWHERE}

    class Finds:
        def __init__(self, box):
            self.box = box

        def detect(self, study):
            return [Candidate(self.box, 0.9)]

    monkeypatch.setattr(engine, "_loaded", lambda version: Finds(boxes[version.pk]))
    return used, good, bad


def answer_all() -> int:
    asked = GoldAnswer.objects.filter(state=JobState.QUEUED)
    ids = list(asked.values_list("pk", flat=True))
    for id in ids:
        judging.answer_case(answer_id=id)
    return len(ids)


def judge(version) -> Judgement:
    made = judging.request_judgement(version_id=version.pk)
    answer_all()
    made.refresh_from_db()
    return made


def test_a_version_that_is_as_good_passes_and_one_that_finds_nothing_is_refused(gold, versions):
    _, good, bad = versions
    assert (judge(good).state, judge(good).passed) == (JobState.SUCCEEDED, True)
    refused = judge(bad)
    assert (refused.passed, refused.comparison["cases"]) == (False, 3)
    assert refused.comparison["metrics"]["p1td_1"]["difference"]["value"] == -1
    assert {r["metric"] for r in refused.refusals} == {"p1td_1", "p1td_10", "froc_mean"}


def test_a_case_is_answered_once_by_each_version(gold, versions):
    _, good, bad = versions
    judging.request_judgement(version_id=good.pk)
    assert answer_all() == 6
    judging.request_judgement(version_id=bad.pk)
    assert answer_all() == 3  # what the one in use says is known


def test_a_case_waits_for_a_bucket_that_is_away_and_fails_by_its_name_in_the_end(gold, versions, monkeypatch):
    judging.request_judgement(version_id=versions[1].pk)
    row = GoldAnswer.objects.first()

    def away(*arguments):
        raise StoreUnreachable("The S3 bucket cannot be reached.")

    monkeypatch.setattr(engine, "answer_case", away)
    states = []
    for _ in range(MAX_TRIES):
        judging.answer_case(answer_id=row.pk)
        row.refresh_from_db()
        states.append(row.state)
    assert states == [JobState.RUNNING, JobState.RUNNING, JobState.FAILED]
    assert row.error["code"] == "bucket_unreachable"


def test_a_lost_worker_and_a_lost_message_are_found(gold, versions, monkeypatch):
    made = judging.request_judgement(version_id=versions[1].pk)
    sent: list[str] = []
    monkeypatch.setattr(queue, "enqueue", lambda name, id, queue: sent.append(str(id)))
    monkeypatch.setattr(queue, "waiting", lambda name: 5)
    put(GoldAnswer.objects.first(), state=JobState.RUNNING)
    judging.move_judgements_on()
    assert len(sent) == 1  # the one that runs in nobody's hands
    monkeypatch.setattr(queue, "waiting", lambda name: 0)
    judging.move_judgements_on()
    assert len(sent) == 1 + 6
    for id in sent:
        judging.answer_case(answer_id=id if not isinstance(id, str) else GoldAnswer.objects.get(pk=id).pk)
    made.refresh_from_db()
    assert made.passed


def test_a_case_that_cannot_be_answered_fails_the_judgement_by_name_and_is_asked_again(
    gold, versions, monkeypatch
):
    made = judging.request_judgement(version_id=versions[1].pk)

    def broken(version, case):
        raise ValueError("a path that nobody should see")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "answer_case", broken)
        answer_all()
    made.refresh_from_db()
    assert (made.state, made.error["code"]) == (JobState.FAILED, "not_answered")
    assert made.error["message"] == "The model could not be run on this study (ValueError)."
    assert judge(versions[1]).passed


def test_what_cannot_be_judged_is_said(cohort, versions):
    used, good, _ = versions
    with pytest.raises(NotFound, match="Import gold studies"):
        judging.request_judgement(version_id=good.pk)
    mark_lesion(make_study(cohort, volumes=True))
    with pytest.raises(Conflict, match="no gold study that says something to a detector"):
        judging.request_judgement(version_id=good.pk, release=create_release(cohort=cohort.pk))
    with pytest.raises(Conflict, match="in use itself"):
        judging.request_judgement(version_id=used.pk)


def test_one_judgement_at_a_time(gold, versions):
    judging.request_judgement(version_id=versions[1].pk)
    with pytest.raises(Conflict, match="being judged already"):
        judging.request_judgement(version_id=versions[1].pk)


def test_the_gate_decides_what_comes_into_use_and_the_approver_is_named(gold, versions):
    used, good, bad = versions
    approver = User.objects.create_user("ada")
    with pytest.raises(GateRefused, match="has not been judged beside"):
        promote(version=good.pk, approver=approver)
    judge(good)
    judge(bad)
    with pytest.raises(GateRefused, match="did not let"):
        promote(version=bad.pk, approver=approver)
    promote(version=good.pk, approver=approver)
    last = Promotion.objects.get(version=good)
    assert (last.ground, last.previous, last.approver_name) == (PromotionGround.GATE, used, "ada")
    assert last.judgement.passed
    assert promoted(ModelKind.DETECTOR) == good


def test_a_reason_is_kept_where_a_person_goes_against_the_gate(versions):
    with pytest.raises(GateRefused):
        promote(version=versions[2].pk, reason="because")
    promote(version=versions[2].pk, reason="The gold set is of another scanner.")
    last = Promotion.objects.get(version=versions[2])
    assert (last.ground, last.reason) == (PromotionGround.REASON, "The gold set is of another scanner.")


def test_one_step_goes_back_and_going_back_needs_no_gate(versions):
    used, good, bad = versions
    Promotion.objects.create(version=used, ground=PromotionGround.FIRST)
    promote(version=good.pk, reason="Tried on another day.")
    promote(version=bad.pk, reason="Tried on another day.")
    assert roll_back(kind=ModelKind.DETECTOR) == good
    assert roll_back(kind=ModelKind.DETECTOR) == used
    with pytest.raises(Conflict, match="No other detector was in use"):
        roll_back(kind=ModelKind.DETECTOR)
    promote(version=good.pk)
    assert Promotion.objects.filter(version=good).latest("created_at").ground == PromotionGround.ROLLBACK
    assert make_version(ModelKind.CHARACTERIZER).promoted


def test_a_judgement_beside_another_version_does_not_count(gold, versions):
    _, good, bad = versions
    judge(good)
    promote(version=bad.pk, reason="Tried on another day.")
    with pytest.raises(GateRefused, match="has not been judged beside"):
        promote(version=good.pk)
