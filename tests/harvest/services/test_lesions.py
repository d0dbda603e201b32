"""Drawn lesions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from harvest.domain import LesionClass, Role
from harvest.errors import Conflict, HarvestError, InvalidTransition
from harvest.models import Cohort, Lesion, Study
from harvest.services.lesions import draw_lesion, retire_lesion, update_lesion
from tests.harvest.fixtures import GEOMETRY, make_study


@pytest.fixture
def study(cohort: Cohort, state: object) -> Study:
    return make_study(cohort)


@pytest.fixture
def draw(study: Study, user_of: Callable[[Role], User]) -> Callable[..., tuple[Lesion, bool]]:
    def draw(**changed: Any) -> tuple[Lesion, bool]:
        given: dict[str, Any] = {
            "id": uuid.uuid4(),
            "study_id": study.pk,
            "reader": user_of(Role.CLINICIAN),
            "lo": (-10.1, 30, -90),
            "hi": (0.7, 50, -80),
            "primary": True,
            "lesion_class": LesionClass.HCC,
            "absent_phases": ["arterial"],
            "round_study_id": None,
            "replaces_id": None,
        }
        return draw_lesion(**given | changed)

    return draw


Draw = Callable[..., tuple[Lesion, bool]]


def test_the_same_drawing_again_stores_nothing_and_another_is_refused(draw: Draw) -> None:
    id = uuid.uuid4()
    assert [draw(id=id)[1], draw(id=id)[1]] == [True, False]
    with pytest.raises(Conflict) as refused:
        draw(id=id, hi=(0.8, 50, -80))
    assert refused.value.code == "id_reused"
    assert Lesion.objects.count() == 1


def test_a_box_may_touch_the_volumes_faces_and_not_leave_them(draw: Draw) -> None:
    extent = GEOMETRY.extent
    lesion, _ = draw(lo=extent.lo, hi=extent.hi)
    assert (tuple(lesion.lo), tuple(lesion.hi)) == (extent.lo, extent.hi)
    with pytest.raises(HarvestError) as refused:
        draw(lo=(extent.lo[0] - 0.01, *extent.lo[1:]), hi=extent.hi)
    assert refused.value.code == "outside"


def test_an_empty_box_and_an_unknown_phase_are_refused(draw: Draw) -> None:
    with pytest.raises(HarvestError) as empty:
        draw(lo=(0, 30, -90), hi=(0, 50, -80))
    with pytest.raises(HarvestError) as unknown:
        draw(absent_phases=["delayed"])
    assert [empty.value.code, unknown.value.code] == ["empty_box", "unknown_phase"]


def test_a_correction_retires_what_it_replaces_once(draw: Draw) -> None:
    first, _ = draw()
    second, _ = draw(hi=(0.9, 50, -80), replaces_id=first.pk)
    first.refresh_from_db()
    assert first.retired_at is not None
    assert second.replaces == first
    with pytest.raises(Conflict) as refused:
        draw(hi=(0.9, 51, -80), replaces_id=first.pk)
    assert refused.value.code == "already_replaced"


def test_what_is_said_of_a_lesion_can_change(draw: Draw) -> None:
    lesion, _ = draw()
    update_lesion(lesion_id=lesion.pk, primary=False, lesion_class="", absent_phases=[])
    lesion.refresh_from_db()
    assert (lesion.primary, lesion.lesion_class, lesion.absent_phases) == (False, "", [])


def test_a_retired_lesion_is_kept_and_changes_no_more(draw: Draw) -> None:
    lesion, _ = draw()
    retire_lesion(lesion_id=lesion.pk)
    retire_lesion(lesion_id=lesion.pk)
    lesion.refresh_from_db()
    assert lesion.retired_at is not None
    with pytest.raises(InvalidTransition):
        update_lesion(lesion_id=lesion.pk, primary=False)
