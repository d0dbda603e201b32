"""Spoils small valid scans in every way that one seed decides, and reads what is left of them."""

from __future__ import annotations

import io
import random
import tarfile
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from pydicom.dataelem import DataElement
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from detector.errors import DetectorError
from detector.ingest.archive import Limits, open_root
from detector.ingest.discover import discover
from tests.detector.ingest.builders import voxels, write_enhanced, write_series

SECONDS_A_CASE = 20.0
_ABSURD = ("", "0", "-1", "1e400", "nan", "99999999999999999999", "1\\2", "x" * 5000, "\\" * 50, "0.0000001")
_BINARY_ABSURD = (0, 1, 2, 7, 8, 255, 4097, 65535)
_TEXT_TAGS = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "StudyDate",
    "Modality", "ImageType", "SeriesNumber", "SeriesDescription", "AcquisitionNumber", "AcquisitionTime",
    "InstanceNumber", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "RescaleSlope",
    "RescaleIntercept", "SliceThickness", "ConvolutionKernel", "SpecificCharacterSet", "NumberOfFrames",
    "TemporalPositionIdentifier", "StudyTime", "FrameOfReferenceUID",
)  # fmt: skip
_BINARY_TAGS = (
    "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "PixelPaddingValue", "PixelPaddingRangeLimit",
)  # fmt: skip


def corpora(folder: Path) -> list[list[bytes]]:
    """Small valid series in several syntaxes, each as the bytes of its files."""
    made = []
    for name, syntax in (
        ("plain", None), ("implicit", ImplicitVRLittleEndian), ("big", ExplicitVRBigEndian),
        ("deflated", DeflatedExplicitVRLittleEndian), ("rle", RLELossless), ("j2k", JPEG2000Lossless),
    ):  # fmt: skip
        paths = write_series(folder / name, voxels(6, 34, 32))
        for path in paths if syntax else []:
            data = pydicom.dcmread(path)
            if syntax in (RLELossless, JPEG2000Lossless):
                data.compress(syntax)
            if syntax == ExplicitVRBigEndian:
                data.PixelData = np.frombuffer(data.PixelData, "<i2").astype(">i2").tobytes()
            _ = list(data.iterall())
            data.file_meta.TransferSyntaxUID = syntax
            little = syntax != ExplicitVRBigEndian
            dcmwrite(path, data, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=little)
        made.append([p.read_bytes() for p in paths])
    made.append([write_enhanced(folder / "enhanced", voxels(6, 34, 32)).read_bytes()])
    return made


def try_case(seed: int, corpus: list[list[bytes]]) -> None:
    """Spoils one series by `seed`, discovers and reads it, as a folder or an archive.

    Raises:
        AssertionError: it took too long; or whatever is no DetectorError and escaped.
    """
    chance = random.Random(seed)
    files = list(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 6))):
        which = chance.randrange(len(files))
        files[which] = _spoil(files[which], chance)
    started = time.monotonic()
    with TemporaryDirectory(prefix="fuzz") as made:
        try:
            with open_root(_packed(Path(made), files, chance), limits=Limits(free_bytes=0)) as root:
                found = discover(root)
                for series in (s for study in found.studies for s in study.acquisitions):
                    _read(series)
        except DetectorError:
            pass
    assert time.monotonic() - started < SECONDS_A_CASE, f"seed {seed} took too long"


def _read(series: object) -> None:
    try:
        volume = series.read()  # type: ignore[attr-defined]
        assert volume.array_zyx.dtype == np.int16
        assert len(series.sha256) == 64  # type: ignore[attr-defined]
    except DetectorError:
        pass


def _packed(folder: Path, files: list[bytes], chance: random.Random) -> Path:
    """The files in a folder, or in a zip or tar that may be spoiled too."""
    kind = chance.choice(("folder", "folder", "folder", "zip", "tar"))
    if kind == "folder":
        for i, data in enumerate(files):
            (folder / f"{i}").write_bytes(data)
        return folder
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as pack:
            for i, data in enumerate(files):
                pack.writestr(f"a/{i}", data)
    else:
        with tarfile.open(fileobj=buffer, mode=chance.choice(("w", "w:gz", "w:bz2", "w:xz"))) as tar:
            for i, data in enumerate(files):
                info = tarfile.TarInfo(f"a/{i}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    path = folder / f"scan.{kind}"
    packed = buffer.getvalue()
    path.write_bytes(_bytes_changed(packed, chance, len(packed)) if chance.random() < 0.7 else packed)
    return path


def _spoil(data: bytes, chance: random.Random) -> bytes:
    way = chance.randrange(6)
    if way == 0:
        return _bytes_changed(data, chance, min(len(data), 1500))
    if way == 1:
        return _bytes_changed(data, chance, len(data))
    if way == 2:
        return data[: chance.randrange(len(data) + 1)]
    if way == 3:
        at = chance.randrange(len(data) + 1)
        return data[:at] + chance.randbytes(chance.choice((1, 2, 8, 300))) + data[at:]
    return _tags_changed(data, chance)


def _bytes_changed(data: bytes, chance: random.Random, within: int) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 10, 60))):
        at = chance.randrange(max(within, 1))
        if at < len(changed):
            changed[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(changed)


def _tags_changed(data: bytes, chance: random.Random) -> bytes:
    """Tags removed, made absurd, or of another type; unchanged where pydicom will not write that."""
    try:
        read = pydicom.dcmread(io.BytesIO(data), force=True)
        for _ in range(chance.choice((1, 1, 3))):
            name = chance.choice(_TEXT_TAGS + _BINARY_TAGS + ("PixelData",))
            tag = pydicom.datadict.tag_for_keyword(name)
            way = chance.randrange(4)
            if way == 0 and name in read:
                del read[name]
            elif name == "PixelData":
                read.PixelData = read.PixelData[: 2 * chance.randrange(1 + len(read.PixelData) // 2)]
            elif way == 1:
                read[tag] = DataElement(
                    tag, chance.choice(("UN", "OB")), chance.randbytes(chance.choice((0, 2, 6, 64)))
                )
            elif name in _BINARY_TAGS:
                read[tag] = DataElement(tag, "US", chance.choice(_BINARY_ABSURD))
            else:
                read[tag] = DataElement(tag, "LO", chance.choice(_ABSURD))
        out = io.BytesIO()
        read.save_as(out)
        return out.getvalue()
    except Exception:
        return data
