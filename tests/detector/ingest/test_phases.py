"""Phases: said by a person or plain from the names, else asked for; never guessed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from detector.errors import PhaseError
from detector.ingest.phases import (
    assign_phases,
    hint_from_folder,
    hint_from_text,
    parse_given,
    reference_of,
)


@dataclass(frozen=True)
class Series:
    key: str
    phase_hint: str | None = None
    n_slices: int = 40
    spacing: tuple[float, float, float] = (0.7, 0.7, 2.5)


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("non_contrast", "non_contrast"),
        ("arterial", "arterial"),
        ("portal_venous", "portal_venous"),
        ("delayed", "delayed"),
        ("PRE LIVER", "non_contrast"),
        ("Abd w/o contrast 5.0 B30f", "non_contrast"),
        ("LATE ARTERIAL 2.5", "arterial"),
        ("Leber ART 3mm", "arterial"),
        ("Liver PV 2.5mm", "portal_venous"),
        ("PORTAL-VENOUS PHASE", "portal_venous"),
        ("Delay 5 min", "delayed"),
        ("LIVER 3 PHASE (C/A/P)", None),
        ("arterial + venous", None),
        ("portal delay 70s", None),
        ("CT abdomen with and without contrast", None),
        ("pre/post contrast", None),
        ("smart recon", None),
        ("prepared", None),
        ("", None),
    ],
)
def test_description_names_a_phase_only_where_it_names_one(text: str, phase: str | None) -> None:
    assert hint_from_text(text) == phase


@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("arterial", "arterial"),
        ("3_Portal_Venous_Phase", "portal_venous"),
        ("Portal^Art", None),
        ("Pre", None),
    ],
)
def test_folder_names_a_phase_only_by_its_whole_name(name: str, phase: str | None) -> None:
    assert hint_from_folder(name) == phase


def test_hints_are_taken_where_each_phase_is_claimed_once() -> None:
    series = [Series("4", "portal_venous"), Series("3", "arterial"), Series("9")]
    assert {p: s.key for p, s in assign_phases(series).items()} == {"arterial": "3", "portal_venous": "4"}


def test_a_person_overrules_hints_and_unnamed_series_are_left_out() -> None:
    series = [Series("2", "delayed"), Series("3"), Series("4", "arterial")]
    chosen = assign_phases(series, {"3": "portal_venous", "2": "non_contrast"})
    assert {p: s.key for p, s in chosen.items()} == {"non_contrast": "2", "portal_venous": "3"}


@pytest.mark.parametrize(
    ("series", "given"),
    [
        ([Series("4")], None),
        ([Series("4"), Series("103")], None),
        ([Series("4", "delayed")], None),
        ([Series("4", "arterial"), Series("5", "arterial")], None),
        ([Series("4"), Series("5")], {"4": "arterial", "5": "arterial"}),
        ([Series("4")], {"7": "arterial"}),
        ([Series("4")], {"4": "venous"}),
        ([], None),
    ],
)
def test_what_only_a_person_can_tell_is_asked_with_the_series_listed(
    series: list[Series], given: dict[str, str] | None
) -> None:
    with pytest.raises(PhaseError) as caught:
        assign_phases(series, given)
    assert caught.value.code == "phases"
    assert [row["series"] for row in caught.value.details["series"]] == [s.key for s in series]
    assert all(f"{s.key}: 40 slices of 2.5 mm" in caught.value.message for s in series)
    assert all(f"--phase {s.key}=PHASE" in caught.value.remedy for s in series)


def test_option_is_read_and_a_wrong_one_is_explained() -> None:
    assert parse_given(["4=arterial", "a=b=delayed"]) == {"4": "arterial", "a=b": "delayed"}
    for wrong in ("4", "=arterial", "4=venous", "4="):
        with pytest.raises(PhaseError, match="SERIES=PHASE"):
            parse_given([wrong])


def test_reference_is_portal_venous_else_arterial() -> None:
    assert reference_of(["arterial", "portal_venous"]) == "portal_venous"
    assert reference_of(["arterial", "delayed"]) == "arterial"
    with pytest.raises(PhaseError):
        reference_of(["delayed"])
