from __future__ import annotations

from detector.export.card import data_card
from tests.detector.export.releases import INFO, studies


def card(**more: object) -> str:
    said = {"readers": {}, "agreement": {}, "labour": {}, "gaps": []} | more
    return data_card(studies(), INFO, **said)  # type: ignore[arg-type]


def test_it_says_which_release_it_describes():
    lines = card().splitlines()
    assert lines[0] == "# Data card: Liver 2020, release 7"
    assert f"| manifest_sha256 | {'ab' * 32} |" in lines
    assert "| frozen_at | 2026-03-04 |" in lines


def test_counts_are_by_split():
    lines = card().splitlines()
    assert "|  | gold | pool | all |" in lines
    assert "| subjects | 1 | 2 | 3 |" in lines
    assert "| studies | 1 | 3 | 4 |" in lines
    assert "| studies without a lesion | 0 | 1 | 1 |" in lines
    assert "| lesions | 1 | 4 | 5 |" in lines
    assert "| primary lesions | 1 | 2 | 3 |" in lines


def test_classes_sizes_and_phases_are_counted():
    lines = card().splitlines()
    assert "| metastasis | 0 | 1 | 1 |" in lines
    assert "| fnh | 1 | 0 | 1 |" in lines
    assert "| below 10 mm | 0 | 1 | 1 |" in lines
    assert "| 10 to below 20 mm | 1 | 2 | 3 |" in lines
    assert "| 20 to below 50 mm | 0 | 1 | 1 |" in lines
    assert "| 50 mm and more | 0 | 0 | 0 |" in lines
    assert "| delayed | 0 | 1 | 1 |" in lines


def test_who_read_how_they_agreed_and_what_is_missing_is_said():
    text = card(
        readers={"readers": 3, "studies read twice": 1200},
        agreement={"kappa of primary | other": 0.8125},
        labour={"median seconds a study": 7.5},
        gaps=["No study was made in a child."],
    )
    assert "## Readers\n\n|  |  |\n| --- | ---: |\n| readers | 3 |\n| studies read twice | 1,200 |" in text
    assert "| kappa of primary \\| other | 0.812 |" in text
    assert "| median seconds a study | 7.5 |" in text
    assert text.endswith("## Known gaps\n\n- No study was made in a child.\n")


def test_a_card_without_readers_says_so():
    assert "## Readers\n\nNothing is said." in card()
    assert "## Known gaps\n\nNone is known." in card()


def test_a_release_without_studies_has_a_card():
    text = data_card([], INFO, readers={}, agreement={}, labour={}, gaps=[])
    assert "| lesions | 0 |" in text
