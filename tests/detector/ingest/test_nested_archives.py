"""Archives within folders and each other: opened, or refused by their own names beside whole siblings."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.errors import ArchiveError
from detector.ingest.archive import MAX_DEPTH, Limits, Unpacking, unpacking_here
from detector.ingest.discover import discover, discovered
from tests.detector.ingest.builders import voxels, write_series, write_volume_file

BOMB = bytes(3_000_000)
SMALL = Limits(ratio=50, ratio_from_bytes=1_000_000)


@pytest.fixture
def unpacking() -> Iterator[Unpacking]:
    with unpacking_here(SMALL) as here:
        yield here


def packed(folder: Path, kind: str = "zip") -> Path:
    """The folder as an archive in its place."""
    made = Path(shutil.make_archive(str(folder), kind, folder))
    shutil.rmtree(folder)
    return made


def zip_of(path: Path, **entries: bytes | Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in entries.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            out.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "xztar"])
def test_an_archive_in_a_folder_is_opened_under_its_own_name(
    tmp_path: Path, unpacking: Unpacking, kind: str
) -> None:
    write_series(tmp_path / "2024" / "one", voxels(), study="1.1")
    archive = packed(tmp_path / "2024" / "one", kind)
    write_series(tmp_path / "2024" / "two", voxels(seed=1), study="1.2", series="1.2.1")
    found = discover(tmp_path, unpacking)
    names = sorted(s.relative_path for s in found.studies)
    assert names == sorted([f"2024/{archive.name}", "2024/two"])
    assert found.refused == []
    assert archive.is_file()
    assert all(s.acquisitions[0].read().array_zyx.shape == (8, 12, 10) for s in found.studies)


def test_an_archive_is_known_without_its_suffix(tmp_path: Path, unpacking: Unpacking) -> None:
    write_series(tmp_path / "one", voxels())
    packed(tmp_path / "one").rename(tmp_path / "IM0001")
    (study,) = discover(tmp_path, unpacking).studies
    assert study.relative_path == "IM0001"


def test_series_in_archives_of_their_own_are_one_study(tmp_path: Path, unpacking: Unpacking) -> None:
    for number, phase in enumerate(("arterial", "portal venous"), start=1):
        folder = tmp_path / "in" / str(number)
        write_series(folder, voxels(seed=number), series=f"1.2.3.{number}", SeriesDescription=phase)
        packed(folder)
    write_series(tmp_path / "in" / "3", voxels(seed=3), series="1.2.3.3", SeriesDescription="delayed")
    (study,) = discover(tmp_path, unpacking).studies
    assert (study.relative_path, len(study.acquisitions)) == ("in", 3)


def test_truth_and_masks_in_an_archive_are_found(tmp_path: Path, unpacking: Unpacking) -> None:
    write_series(tmp_path / "p" / "PATIENT_DICOM", voxels())
    write_series(tmp_path / "p" / "MASKS_DICOM" / "liver", voxels(), intercept=0.0)
    (tmp_path / "p" / "PATIENT_DICOM" / "truth.json").write_text("{}")
    packed(tmp_path / "p")
    (study,) = discover(tmp_path, unpacking).studies
    assert set(study.masks) == {"liver"}
    assert study.truth is not None


def test_archives_within_archives_are_opened_to_a_depth(tmp_path: Path) -> None:
    write_series(tmp_path / "x" / "scan", voxels())
    inner = packed(tmp_path / "x")
    for depth in range(2, MAX_DEPTH + 2):
        with unpacking_here() as unpacking:
            found = discover(tmp_path, unpacking)
        assert [s.relative_path for s in found.studies] == ["/".join(["x.zip"] * (depth - 1)) + "/scan"]
        outer = zip_of(tmp_path / "outer", x__zip=inner)
        outer.rename(inner)
    with unpacking_here() as unpacking:
        found = discover(tmp_path, unpacking)
    assert not found.studies
    assert [(r.code, r.relative_path) for r in found.refused] == [
        ("nested_archive", "/".join(["x.zip"] * (MAX_DEPTH + 1)))
    ]
    assert "depth of 3" in found.refused[0].message


def test_archives_that_cannot_be_opened_are_refused_by_their_names_and_siblings_are_whole(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    write_series(tmp_path / "good", voxels())
    good = packed(tmp_path / "good")
    (tmp_path / "cut.zip").write_bytes(good.read_bytes()[:-200])
    (tmp_path / "old.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + bytes(100))
    (tmp_path / "log.gz").write_bytes(b"\x1f\x8b" + bytes(50))
    zip_of(tmp_path / "outside.zip", **{"../evil": b"x"})
    outer = tmp_path / "in.zip"
    zip_of(outer, cut__zip=tmp_path / "cut.zip", good__zip=good)
    good.unlink()
    found = discover(tmp_path, unpacking)
    assert [s.relative_path for s in found.studies] == ["in.zip/good.zip"]
    refused = {r.relative_path: r.code for r in found.refused}
    assert refused == {
        "cut.zip": "damaged",
        "in.zip/cut.zip": "damaged",
        "old.rar": "not_an_archive",
        "log.gz": refused["log.gz"],
        "outside.zip": "unsafe_entry",
    }
    assert refused["log.gz"] in ("not_an_archive", "damaged")
    assert not any(p.name == "evil" for p in tmp_path.parent.rglob("evil"))


def test_a_bomb_two_levels_down_is_refused_alone_and_leaves_nothing(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    write_series(tmp_path / "good", voxels())
    good = packed(tmp_path / "good")
    bomb = zip_of(tmp_path / "b", x=BOMB)
    middle = zip_of(tmp_path / "m", bomb__zip=bomb)
    zip_of(tmp_path / "outer.zip", middle__zip=middle, good__zip=good)
    for path in (bomb, middle, good):
        path.unlink()
    found = discover(tmp_path, unpacking)
    assert [s.relative_path for s in found.studies] == ["outer.zip/good.zip"]
    assert [(r.relative_path, r.code) for r in found.refused] == [
        ("outer.zip/middle.zip/bomb.zip", "too_large")
    ]
    kept = sum(p.stat().st_size for p in unpacking.folder.rglob("*") if p.is_file())
    assert kept < 100_000


def test_a_small_bomb_in_many_copies_is_stopped_by_the_archive_that_holds_them(tmp_path: Path) -> None:
    part = zip_of(tmp_path / "p", x=bytes(400_000))
    zip_of(tmp_path / "outer.zip", **{f"{n}__zip": part for n in range(20)})
    part.unlink()
    with unpacking_here(Limits(ratio=50, ratio_from_bytes=1_000_000)) as unpacking:
        found = discover(tmp_path, unpacking)
        kept = sum(p.stat().st_size for p in unpacking.folder.rglob("*") if p.is_file())
    assert {r.code for r in found.refused} == {"too_large", "not_dicom"}
    assert kept < 2_000_000


def test_bytes_and_files_are_counted_over_all_archives_together(tmp_path: Path) -> None:
    for n in range(4):
        zip_of(tmp_path / f"{n}.zip", **{f"f{i}": b"x" * 1000 for i in range(10)})
    for limits in (Limits(files=25), Limits(total_bytes=25_000)):
        with unpacking_here(limits) as unpacking:
            refused = [r for r in discover(tmp_path, unpacking).refused if r.code == "too_large"]
        assert [r.relative_path for r in refused] == ["2.zip", "3.zip"]


def test_a_full_disk_stops_the_search(tmp_path: Path) -> None:
    zip_of(tmp_path / "a.zip", x=b"1")
    with unpacking_here(Limits(free_bytes=1 << 62)) as unpacking, pytest.raises(ArchiveError) as caught:
        discover(tmp_path, unpacking)
    assert caught.value.code == "disk_full"


def test_documents_that_happen_to_be_packed_are_papers(tmp_path: Path, unpacking: Unpacking) -> None:
    zip_of(tmp_path / "report.docx", x=b"1")
    (refusal,) = discover(tmp_path, unpacking).refused
    assert (refusal.code, refusal.routine) == ("not_dicom", True)


def test_packed_phases_read_as_from_their_folder(tmp_path: Path) -> None:
    write_volume_file(tmp_path / "s" / "arterial.nii.gz", voxels().astype("float32"))
    inner = packed(tmp_path / "s")
    outer = zip_of(tmp_path / "o.zip", s__zip=inner)
    with discovered(outer) as found:
        (study,) = found.studies
        assert study.relative_path == "o.zip/s.zip"
        assert study.acquisitions[0].read().array_zyx.shape == (8, 12, 10)
