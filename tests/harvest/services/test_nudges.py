"""Nudges: events, the image made anew from the original, and what follows from it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User

from detector.registration.transform import read_transform
from harvest import engine, store
from harvest.domain import NudgeState, Role
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, HarvestRound, PhaseNudge, Series, Study
from harvest.rendering import Window
from harvest.selectors.nudges import phase_nudge
from harvest.selectors.reviews import candidate
from harvest.selectors.studies import study_row
from harvest.services.nudges import apply_nudge, nudge_phase
from harvest.services.rounds import create_round
from harvest.services.tiles import Part, tile_path
from harvest.services.whole_slices import slice_path
from tests.harvest.fixtures import Work, make_study
from tests.harvest.misplaced import BACK_MM, make_misplaced_study, phases


@pytest.fixture
def study(cohort: Cohort, state: object) -> Study:
    return make_misplaced_study(cohort)


Nudge = Callable[..., tuple[PhaseNudge, bool]]


@pytest.fixture
def nudge(study: Study, user_of: Callable[[Role], User], work: Work) -> Nudge:
    """Says a nudge and has the worker do what follows."""

    def said(**changed: Any) -> tuple[PhaseNudge, bool]:
        given: dict[str, Any] = {
            "id": uuid.uuid4(),
            "study_id": study.pk,
            "phase": "arterial",
            "by": user_of(Role.CLINICIAN),
            "offset_mm": BACK_MM,
            "seen": 0,
        }
        with work():
            return nudge_phase(**given | changed)

    return said


def arterial(study: Study) -> Series:
    return Series.objects.get(study=study, phase="arterial")


def shown(study: Study) -> np.ndarray:
    return np.asarray(engine.registered_volume(Study.objects.get(pk=study.pk), "arterial").array_zyx)


def test_the_phase_comes_to_lie_on_the_reference_and_says_so(study: Study, nudge: Nudge) -> None:
    before = arterial(study).registration
    nudge()
    reference, _ = phases()
    inner = np.s_[:-1, 2:, :-3]
    assert (shown(study)[inner] == reference[inner]).all()
    row = arterial(study)
    assert (row.nudge_mm, row.image_revision) == (list(BACK_MM), 1)
    assert row.registration["similarity_nudged"] > 2 * before["similarity_after"]
    assert [before["flag"], row.registration["flag"]] == ["loosely aligned", ""]


def test_the_original_stays_and_with_the_stored_transform_makes_the_same_again(
    study: Study, nudge: Nudge
) -> None:
    nudge()
    _, arterial_hu = phases()
    assert (engine.original_volume(study.store_key, "arterial").array_zyx == arterial_hu).all()
    assert (np.load(store.path(f"{study.store_key}/registered/arterial.npy")) == arterial_hu).all()
    key = engine.registered_key(study.store_key, "arterial", BACK_MM)
    transform = read_transform(store.path(key.replace("/registered/", "/transforms/")[:-3] + "json"))
    assert transform.nudge_mm == BACK_MM
    again = engine.derive_registered(study.store_key, "arterial", transform, engine.geometry_of(study))
    assert (again.array_zyx == shown(study)).all()


def test_taking_it_back_is_a_further_event_and_gives_the_first_image_bit_for_bit(
    study: Study, nudge: Nudge
) -> None:
    first, figures = shown(study), arterial(study).registration
    nudge()
    nudge(offset_mm=(0, 0, 0), seen=1)
    assert (shown(study) == first).all()
    row = arterial(study)
    assert (row.nudge_mm, row.image_revision) == ([0, 0, 0], 2)
    assert row.registration == figures
    assert [e.offset_mm for e in row.nudges.all()] == [list(BACK_MM), [0, 0, 0]]


def test_a_nudge_by_somebody_who_did_not_see_the_last_one_is_refused_by_name(
    nudge: Nudge, user_of: Callable[[Role], User]
) -> None:
    nudge()
    with pytest.raises(Conflict) as refused:
        nudge(by=user_of(Role.DATA_MANAGER), offset_mm=(1, 0, 0))
    assert refused.value.code == "nudged_meanwhile"
    assert refused.value.message.startswith("the-clinician has moved")
    assert refused.value.details == {"revision": 1, "offset_mm": list(BACK_MM)}


def test_the_same_again_stores_nothing_and_another_under_its_id_is_refused(nudge: Nudge) -> None:
    id = uuid.uuid4()
    assert [nudge(id=id)[1], nudge(id=id)[1]] == [True, False]
    with pytest.raises(Conflict) as refused:
        nudge(id=id, offset_mm=(1, 0, 0))
    assert refused.value.code == "id_reused"
    assert PhaseNudge.objects.count() == 1


def test_what_cannot_be_is_refused_and_says_why(nudge: Nudge, cohort: Cohort) -> None:
    codes = []
    for changed in (
        {"phase": "portal_venous"},
        {"offset_mm": (0, 0, 100.1)},
        {"phase": "delayed"},
        {"study_id": make_study(cohort).pk},  # of before originals were kept
    ):
        with pytest.raises(HarvestError) as refused:
            nudge(**changed)
        codes.append(refused.value.code)
    assert codes == ["reference_phase", "too_far", "phase_absent", "store_missing"]
    assert PhaseNudge.objects.count() == 0


def test_offsets_are_kept_to_a_thousandth_of_a_millimetre(nudge: Nudge) -> None:
    event, _ = nudge(offset_mm=(1 / 3, -0.0001, 0))
    assert event.offset_mm == [0.333, 0.0, 0.0]
    assert str(event.offset_mm[1]) == "0.0"


def test_state_goes_from_pending_to_shown(study: Study, user_of: Callable[[Role], User]) -> None:
    event, _ = nudge_phase(
        id=uuid.uuid4(),
        study_id=study.pk,
        phase="arterial",
        by=user_of(Role.CLINICIAN),
        offset_mm=BACK_MM,
        seen=0,
    )
    assert phase_nudge(study.pk, "arterial").state is NudgeState.PENDING
    apply_nudge(nudge_id=event.pk)
    assert phase_nudge(study.pk, "arterial").state is NudgeState.SHOWN
    apply_nudge(nudge_id=event.pk)  # delivered twice
    assert arterial(study).image_revision == 1


def test_an_earlier_nudge_that_comes_late_changes_nothing(
    study: Study, nudge: Nudge, user_of: Callable[[Role], User]
) -> None:
    first, _ = nudge()
    nudge(offset_mm=(2, 0, 0), seen=1)
    apply_nudge(nudge_id=first.pk)
    assert arterial(study).nudge_mm == [2, 0, 0]


def test_a_failure_is_kept_by_name_the_image_stays_and_the_next_nudge_clears_it(
    study: Study, nudge: Nudge
) -> None:
    transform = store.path(f"{study.store_key}/registered/portal_venous.npy")
    kept = transform.read_bytes()
    transform.write_bytes(b"damaged")
    nudge()
    found = phase_nudge(study.pk, "arterial")
    assert (found.state, found.series.nudge_error["code"]) == (NudgeState.FAILED, "unreadable")
    assert (found.series.image_revision, found.series.nudge_mm) == (0, [0, 0, 0])
    transform.write_bytes(kept)
    nudge(seen=1)
    found = phase_nudge(study.pk, "arterial")
    assert (found.state, found.series.nudge_error) == (NudgeState.SHOWN, None)
    assert found.series.image_revision == 2


def test_what_a_phase_shows_can_be_told_from_the_events_alone(study: Study, nudge: Nudge) -> None:
    for seen, offset in enumerate([(1.0, 0.0, 0.0), BACK_MM, (0.0, 0.5, 0.0)]):
        nudge(offset_mm=offset, seen=seen)
    row = arterial(study)
    event = row.nudges.get(revision=row.image_revision)
    assert (event.offset_mm, event) == (row.nudge_mm, row.nudges.last())


def test_tiles_are_rendered_anew_from_the_image_that_is_shown(
    cohort: Cohort, detector: object, study: Study, nudge: Nudge, work: Work
) -> None:
    with work():
        made: HarvestRound = create_round(cohort=cohort)
    id = made.studies.get().candidates.first().pk
    window = Window.SOFT_TISSUE

    def path(phase: str, part: Part) -> Path:
        return tile_path(candidate=candidate(id), phase=phase, window=window, part=part)

    before = {(p, part): path(p, part) for p in ("arterial", "portal_venous") for part in Part}
    bytes_before = {which: there.read_bytes() for which, there in before.items()}
    whole = slice_path(study=study_row(study.pk), phase="arterial", z_index=3, window=window)
    nudge()
    assert not whole.exists()
    for part in Part:
        assert not before["arterial", part].exists()
        assert path("arterial", part).read_bytes() != bytes_before["arterial", part]
        assert path("portal_venous", part).read_bytes() == bytes_before["portal_venous", part]


def test_a_phase_that_is_not_there_is_not_found(study: Study) -> None:
    with pytest.raises(NotFound):
        phase_nudge(study.pk, "delayed")
