"""What is left of a header names nobody, and still says how the image was made."""

from __future__ import annotations

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from detector.deidentify.header import deidentified
from detector.deidentify.keyed import pseudonym, remapped_uid

KEY = b"a secret of this installation that nobody knows"
SECRETS = ("DOE", "JOHN", "4711", "ACC99", "SMITH", "1.2.3.4", "20190314", "Back Street", "General Hospital")


@pytest.fixture
def header() -> pydicom.Dataset:
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.PatientName, data.PatientID, data.AccessionNumber = "DOE^JOHN", "4711", "ACC99"
    data.PatientAddress, data.InstitutionName = "1 Back Street", "General Hospital"
    data.ReferringPhysicianName = "SMITH^ANNE"
    data.StudyDate, data.SeriesDate, data.AcquisitionTime = "20190314", "20190314", "101500"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = (
        "1.2.3.4",
        "1.2.3.4.5",
        "1.2.3.4.6",
    )
    data.StudyDescription, data.ProtocolName = "Abdomen DOE", "liver of JOHN"
    data.KVP, data.SliceThickness, data.ConvolutionKernel = "120", "2.5", "B30f"
    data.Manufacturer, data.ManufacturerModelName = "SIEMENS", "Scanner 64"
    request = pydicom.Dataset()
    request.RequestedProcedureDescription, request.AccessionNumber = "CT for DOE", "ACC99"
    data.RequestAttributesSequence = Sequence([request])
    block = data.private_block(0x0029, "SECRETS OF DOE", create=True)
    block.add_new(0x01, "LO", "JOHN 4711")
    return data


def test_no_identifier_is_left_anywhere(header: pydicom.Dataset) -> None:
    left = deidentified(header, key=KEY, subject="4711").to_json()
    assert not [s for s in SECRETS if s in left]


def test_how_the_image_was_made_stays(header: pydicom.Dataset) -> None:
    left = deidentified(header, key=KEY, subject="4711")
    assert (left.KVP, left.SliceThickness, left.ConvolutionKernel) == (120, 2.5, "B30f")
    assert (left.Manufacturer, left.ManufacturerModelName) == ("SIEMENS", "Scanner 64")


def test_it_says_that_and_how_it_was_done(header: pydicom.Dataset) -> None:
    left = deidentified(header, key=KEY, subject="4711")
    assert left.PatientIdentityRemoved == "YES"
    assert "PS3.15" in left.DeidentificationMethod
    assert left.LongitudinalTemporalInformationModified == "MODIFIED"
    assert left.PatientID == pseudonym(KEY, "4711")


def test_uids_are_consistent_and_dates_keep_their_intervals(header: pydicom.Dataset) -> None:
    left = deidentified(header, key=KEY, subject="4711")
    header.StudyDate, header.SeriesDate = "20190328", "20190328"
    later = deidentified(header, key=KEY, subject="4711")
    assert left.StudyInstanceUID == later.StudyInstanceUID == remapped_uid(KEY, "1.2.3.4")
    days = pydicom.valuerep.DA(later.StudyDate) - pydicom.valuerep.DA(left.StudyDate)
    assert days.days == 14
    assert left.StudyDate == left.SeriesDate


def test_another_key_gives_other_names(header: pydicom.Dataset) -> None:
    other = deidentified(header, key=b"another secret" * 3, subject="4711")
    assert other.PatientID != deidentified(header, key=KEY, subject="4711").PatientID


def test_a_code_that_holds_a_name_is_dropped(header: pydicom.Dataset) -> None:
    header.ConvolutionKernel = "B30f doe"
    header.ManufacturerModelName = "call Ünal at 555"
    left = deidentified(header, key=KEY, subject="4711")
    assert "ConvolutionKernel" not in left
    assert "ManufacturerModelName" not in left


def test_the_given_header_is_not_changed(header: pydicom.Dataset) -> None:
    before = header.to_json()
    deidentified(header, key=KEY, subject="4711")
    assert header.to_json() == before


def test_a_value_that_does_not_fit_its_kind_is_dropped_alone(header: pydicom.Dataset) -> None:
    header[0x0018, 0x0060] = RawDataElement(Tag(0x00180060), "DS", 4, b"DOE ", 0, False, True)
    left = deidentified(header, key=KEY, subject="4711")
    assert "KVP" not in left
    assert left.SliceThickness == 2.5
    assert "DOE" not in left.to_json()
