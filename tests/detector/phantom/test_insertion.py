"""Inserted lesions lie in the liver, differ from it as their boxes say, and leave all else as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.__main__ import main
from detector.contracts import StudyImages
from detector.data.cases import Case, read_cases, write_cases
from detector.data.images import load_case
from detector.errors import PlanError
from detector.phantom.insertion import Inserted, insert_lesions
from detector.volume import Volume, write_volume
from tests.detector.small_studies import GEOMETRY, PHASES, study_with


def plain(*, lobe: bool = False) -> StudyImages:
    """A liver without a lesion, the whole volume or a lobe of it."""
    study = study_with([], seed=4)
    if not lobe:
        return study
    liver = np.zeros(GEOMETRY.shape_zyx, np.uint8)
    liver[1:11, 10:60, 8:50] = 1
    return StudyImages(study.volumes, study.reference_phase, liver)


def inserted(study: StudyImages, seed: int = 1, most: int = 3) -> Inserted:
    return insert_lesions(study, most=most, difficulty=0.3, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_what_changed_lies_in_the_boxes_and_in_the_liver(seed: int) -> None:
    study = plain(lobe=True)
    found = inserted(study, seed)
    assert found.marks
    assert [m.primary for m in found.marks].count(True) == 1
    assert len({m.lesion_class for m in found.marks}) == 1
    allowed = np.zeros(GEOMETRY.shape_zyx, bool)
    for mark in found.marks:
        where = study.geometry.slices_from_box(mark.box)
        allowed[tuple(slice(max(w.start - 4, 0), w.stop + 4) for w in where)] = True
        # An edge may come out of a rounded liver by less than a soft margin, a middle never.
        assert study.liver[where].mean() > 0.8  # type: ignore[index]
    for phase in PHASES:
        before, after = study.volumes[phase].array_zyx, found.volumes[phase].array_zyx
        assert (before[~allowed] == after[~allowed]).all()
    changes = [np.abs(found.volumes[p].array_zyx - study.volumes[p].array_zyx.astype(int)) for p in PHASES]
    assert max(change.max() for change in changes) > 20


def test_the_noise_of_the_scan_stays() -> None:
    study = plain()
    found = inserted(study, seed=3, most=1)
    (mark,) = found.marks
    z, y, x = study.geometry.slices_from_box(mark.box)
    middle = (z, slice(y.start + 2, y.stop - 2), slice(x.start + 2, x.stop - 2))

    def noise(volume: Volume) -> float:
        part = np.asarray(volume.array_zyx, float)[middle]
        return float(np.median(np.abs(np.diff(part, axis=-1))))

    before, after = noise(study.volumes["portal_venous"]), noise(found.volumes["portal_venous"])
    assert after > 0.6 * before  # a lesion may have texture of its own beside it


def test_equal_generators_give_equal_volumes() -> None:
    first, second, other = (inserted(plain(), seed) for seed in (7, 7, 8))
    assert first.marks == second.marks != other.marks
    assert (first.volumes["arterial"].array_zyx == second.volumes["arterial"].array_zyx).all()


def test_without_a_liver_there_is_no_place() -> None:
    study = plain()
    with pytest.raises(PlanError, match="without a liver"):
        inserted(StudyImages(study.volumes, study.reference_phase))


def unmarked(folder: Path, *, liver: bool = True) -> Path:
    study = plain()
    folder.mkdir()
    for phase, volume in study.volumes.items():
        write_volume(volume, folder / f"{phase}.npy")
    write_volume(Volume(np.asarray(study.liver), GEOMETRY), folder / "liver.npy")
    case = Case(
        study="mine",
        subject="someone",
        reference_phase="portal_venous",
        images={phase: f"{phase}.npy" for phase in PHASES},
        liver="liver.npy" if liver else None,
        complete=False,
    )
    write_cases([case], folder / "cases.json")
    return folder / "cases.json"


def test_a_case_list_comes_back_with_marks_and_teaches_a_detector(tmp_path: Path) -> None:
    cases, out = unmarked(tmp_path / "mine"), tmp_path / "out"
    assert main(["insert_lesions", "--cases", str(cases), "--out", str(out), "--copies", "2"]) == 0
    made = read_cases(out / "cases.json")
    assert [c.study for c in made] == ["mine-1", "mine-2"]
    assert {c.subject for c in made} == {"someone"}
    assert not any(c.complete for c in made)
    assert all(load_case(c).geometry == GEOMETRY and c.marks for c in made)
    trained = ["train", "--cases", str(out / "cases.json"), "--size", "tiny", "--out", str(tmp_path / "run")]
    assert main([*trained, "--set", "steps=2"]) == 0
    metrics = json.loads((tmp_path / "run" / "result.json").read_text())["metrics"]
    assert metrics["train_positives"] >= 2


def test_a_list_without_livers_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = unmarked(tmp_path / "mine", liver=False)
    assert main(["insert_lesions", "--cases", str(cases), "--out", str(tmp_path / "out")]) == 1
    assert "No study has a liver with room" in capsys.readouterr().err
