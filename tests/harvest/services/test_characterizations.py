"""The promoted characterizer is applied to the lesions that stand, once a version."""

from __future__ import annotations

import pytest

from harvest import engine
from harvest.domain import LesionSource, ModelKind, Role, Verdict
from harvest.models import Characterization, Lesion
from harvest.services.characterizations import characterize_lesions
from harvest.services.promotion import promote
from harvest.services.rounds import create_round
from tests.harvest.fixtures import make_study, make_version
from tests.harvest.readers import say

SAYS = {"lesion_class": {"hcc": 0.75, "benign": 0.25}}


@pytest.fixture
def study(cohort, state):
    return make_study(cohort)


def lesion(study, lo=(-20.0, 30.0, -90.0), hi=(0.0, 50.0, -75.0)):
    return Lesion.objects.create(
        study=study, source=LesionSource.DRAWN, lo=list(lo), hi=list(hi), reference_phase="portal_venous"
    )


def test_every_standing_lesion_is_characterized_once(study):
    version = make_version(ModelKind.CHARACTERIZER, SAYS)
    stands = lesion(study)
    retired = lesion(study)
    retired.retired_at = study.created_at
    retired.save()
    assert characterize_lesions() == 1
    assert characterize_lesions() == 0
    [said] = Characterization.objects.all()
    assert (said.lesion, said.model_version, said.outputs) == (stands, version, SAYS)
    assert said.evidence == {"reference_phase": "portal_venous", "z_index": None}


def test_an_accepted_candidate_is_judged_on_its_key_slice(cohort, detector, work, user_of):
    make_study(cohort)
    with work():
        row = create_round(cohort=cohort, scratch_share=0).studies.get()
    candidate = row.candidates.get(rank=1)
    candidate.key_z_index = 5
    candidate.save()
    say(row, user_of(Role.CLINICIAN), Verdict.PRIMARY_LESION, candidate.pk)
    make_version(ModelKind.CHARACTERIZER, SAYS)
    assert characterize_lesions() == 1
    assert Characterization.objects.get().evidence["z_index"] == 5


def test_a_newly_promoted_version_reaches_the_lesions_of_before(study):
    make_version(ModelKind.CHARACTERIZER, SAYS)
    lesion(study)
    characterize_lesions()
    better = make_version(ModelKind.CHARACTERIZER, {"lesion_class": {"icc": 1.0}}, number=2, promoted=False)
    assert characterize_lesions() == 0
    promote(version=better.pk, reason="It knows more classes.")
    assert characterize_lesions() == 1
    assert [c.model_version.number for c in Characterization.objects.all()] == [1, 2]


def test_a_lesion_that_cannot_be_characterized_says_why_and_holds_nothing_up(study, cohort):
    make_version(ModelKind.CHARACTERIZER, SAYS)
    cannot = lesion(make_study(cohort, phases=("portal_venous",)))
    can = lesion(study)
    assert characterize_lesions() == 2
    said = {c.lesion_id: c for c in Characterization.objects.all()}
    assert said[cannot.pk].error["message"].startswith("This study has one phase only.")
    assert said[can.pk].outputs == SAYS
    assert characterize_lesions() == 0


def test_an_unforeseen_error_is_kept_without_its_text_and_holds_nothing_up(study, monkeypatch):
    make_version(ModelKind.CHARACTERIZER, SAYS)
    broken, whole = lesion(study), lesion(study)
    run = engine.characterize

    def fail_once(version, images, box, *, z_index):
        monkeypatch.setattr(engine, "characterize", run)
        raise RuntimeError("Doe")

    monkeypatch.setattr(engine, "characterize", fail_once)
    assert characterize_lesions() == 2
    said = {c.lesion_id: c for c in Characterization.objects.all()}
    assert said[broken.pk].error["code"] == "internal"
    assert "Doe" not in said[broken.pk].error["message"]
    assert said[whole.pk].outputs == SAYS


def test_without_a_promoted_version_there_is_nothing_to_do(study):
    lesion(study)
    assert characterize_lesions() == 0


def test_the_study_tells_what_the_latest_version_says(study, client_of):
    make_version(ModelKind.CHARACTERIZER, SAYS)
    lesion(study)
    client = client_of(Role.CLINICIAN)
    [before] = client.get(f"/api/v1/studies/{study.pk}").json()["lesions"]
    assert before["characterization"] is None
    characterize_lesions()
    [after] = client.get(f"/api/v1/studies/{study.pk}").json()["lesions"]
    assert after["characterization"] == {
        "model_version": "characterizer-v1",
        "outputs": SAYS,
        "evidence": {"reference_phase": "portal_venous", "z_index": None},
        "calibrated": False,
        "error": None,
    }
