"""Phases by names and images: taken where sure, asked for with a proposal where not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from detector.errors import PhaseError, ReadError
from detector.ingest.identify import CONFIDENT, Told, decide_phases
from detector.phantom.timing import timed_study
from detector.phaseid.coarse import Coarse, coarsen
from detector.phaseid.model import PHASES

NOTHING = Coarse(np.zeros((8, 40, 40), np.float32), (5.0, 2.0, 2.0))


@dataclass(frozen=True)
class Series:
    key: str
    image: Coarse | None = NOTHING
    phase_hint: str | None = None
    n_slices: int = 40
    spacing: tuple[float, float, float] = (0.7, 0.7, 2.5)
    acquired_at: float | None = None

    def read_coarse(self) -> Coarse:
        if self.image is None:
            raise ReadError("The slice's pixel data is cut short.")
        return self.image


@pytest.fixture(scope="module")
def images() -> dict[str, Coarse]:
    study = timed_study(1, 1, "training", matrix=112)
    return {phase: coarsen(volume) for phase, volume in study.volumes.items()}


def keys(decided: dict[str, Told[Series]]) -> dict[str, str]:
    return {phase: told.series.key for phase, told in decided.items()}


def test_nameless_series_are_told_by_their_images(images: dict[str, Coarse]) -> None:
    series = [Series(str(i), images[phase]) for i, phase in enumerate(PHASES, start=2)]
    decided = decide_phases(series)
    assert keys(decided) == {"non_contrast": "2", "arterial": "3", "portal_venous": "4", "delayed": "5"}
    assert {t.assigned_by for t in decided.values()} == {"image"}
    assert all(CONFIDENT <= t.confidence <= 1 for t in decided.values())


def test_names_are_taken_where_the_image_shows_nothing() -> None:
    series = [Series("a", phase_hint="arterial"), Series("b", phase_hint="portal_venous"), Series("c")]
    decided = decide_phases(series)
    assert keys(decided) == {"arterial": "a", "portal_venous": "b"}
    assert {t.assigned_by for t in decided.values()} == {"name"}
    assert all(t.confidence < 1 for t in decided.values())


def test_a_person_is_believed_without_looking() -> None:
    decided = decide_phases([Series("4", None, "arterial"), Series("5", None)], {"5": "portal_venous"})
    assert decided == {"portal_venous": Told(Series("5", None), "said", 1.0)}


def test_a_name_that_a_clear_image_contradicts_is_asked_for(images: dict[str, Coarse]) -> None:
    series = [Series("4", images["arterial"], "portal_venous"), Series("5", images["non_contrast"])]
    with pytest.raises(PhaseError, match="Series 4 is called portal_venous, but looks arterial") as caught:
        decide_phases(series)
    rows = {row["series"]: row for row in caught.value.details["series"]}
    assert rows["4"]["proposed"] == "arterial"
    assert rows["5"]["proposed"] == "non_contrast"
    assert sum(rows["4"]["probabilities"].values()) == pytest.approx(1, abs=0.01)


def test_an_unsure_series_is_asked_for_with_a_proposal(images: dict[str, Coarse]) -> None:
    portal, delayed = images["portal_venous"], images["delayed"]
    between = replace(portal, hu=(portal.hu + delayed.hu) / 2)
    with pytest.raises(PhaseError, match="not sure") as caught:
        decide_phases([Series("7", between)])
    (row,) = caught.value.details["series"]
    assert row["proposed"] in ("portal_venous", "delayed")
    assert row["probabilities"][row["proposed"]] < CONFIDENT


def test_of_several_reconstructions_the_fullest_is_taken(images: dict[str, Coarse]) -> None:
    image = images["portal_venous"]
    series = [
        Series("3", image, n_slices=40, spacing=(0.7, 0.7, 5.0)),
        Series("4", image, n_slices=100, spacing=(0.7, 0.7, 2.0)),
        Series("5", image, n_slices=150, spacing=(0.7, 0.7, 1.0)),
    ]
    assert keys(decide_phases(series)) == {"portal_venous": "4"}


def test_scans_of_something_else_are_left_out_and_alone_are_asked_for(images: dict[str, Coarse]) -> None:
    assert keys(decide_phases([Series("1"), Series("2", images["portal_venous"])])) == {"portal_venous": "2"}
    with pytest.raises(PhaseError, match="No series is known") as caught:
        decide_phases([Series("1")])
    assert caught.value.details["series"][0]["proposed"] is None


def test_a_series_that_cannot_be_read_does_not_stop_the_others(images: dict[str, Coarse]) -> None:
    assert keys(decide_phases([Series("1", None), Series("2", images["arterial"])])) == {"arterial": "2"}


def test_unenhanced_alone_has_no_reference_and_is_asked_for(images: dict[str, Coarse]) -> None:
    with pytest.raises(PhaseError, match="portal venous or arterial"):
        decide_phases([Series("2", images["non_contrast"])])


def test_no_series_are_asked_for() -> None:
    with pytest.raises(PhaseError):
        decide_phases([])
