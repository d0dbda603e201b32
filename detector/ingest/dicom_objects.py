"""Which DICOM objects are no CT slice: scouts, reports, captures, projections and the like, by name."""

from __future__ import annotations

from dataclasses import dataclass

from detector.ingest.dicom_file import Fields

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
_DIRECTORY = "1.2.840.10008.1.3.10"
_STORAGE = "1.2.840.10008.5.1.4.1.1."

# (words in ImageType or the description, code, what to call it): first match wins.
_BY_WORDS = (
    (("LOCALIZER", "LOCALISER", "SCOUT", "TOPOGRAM", "SURVIEW", "SCANOGRAM", "SCANOSCOPE"), "localizer",
     "A localizer"),
    (("DOSE", "DOSE_INFO", "PATIENT PROTOCOL", "EXAM SUMMARY"), "dose_report",
     "A dose report or exam summary"),
    (("SCREEN SAVE", "SCREENSAVE", "SCREEN SHOT", "SCREENSHOT"), "secondary_capture", "A screen capture"),
    (("BOLUS TRACKING", "BOLUS TRACK", "MONITORING", "PREMONITORING", "TEST BOLUS", "TIMING BOLUS",
      "SMARTPREP", "SMART PREP", "SURESTART", "CT_SOM5 MON"), "monitoring", "Bolus tracking"),
    (("MIP", "MINIP", "MAXIMUM INTENSITY", "MAX_IP", "MIN_IP", "PROJECTION IMAGE", "VOLUME RENDERING",
      "VOLREN", "VRT", "CSA 3D EDITOR", "PERFUSION", "SUBTRACTION"), "derived",
     "A projection, rendering or map"),
)  # fmt: skip
_BY_CLASS = (
    ("7", "secondary_capture", "A secondary capture"),
    ("88.67", "dose_report", "A radiation dose report"),
    ("88", "report", "A structured report"),
    ("66", "segmentation", "A segmentation"),
    ("11", "presentation_state", "A presentation state"),
    ("104", "report", "An encapsulated document"),
    ("481", "radiotherapy", "A radiotherapy object"),
)


@dataclass(frozen=True, slots=True)
class NotASlice:
    """A DICOM object that is no CT slice: why, and whether every archive holds such (`routine`)."""

    code: str
    message: str
    remedy: str
    routine: bool
    group: str


def not_a_slice(fields: Fields) -> NotASlice | None:
    """Why the object is left out, by its class, its ImageType and its description; None for CT images."""
    sop_class = fields.text("SOPClassUID")
    group = fields.text("SeriesInstanceUID")

    def left_out(code: str, what: str, remedy: str = "", *, routine: bool = True) -> NotASlice:
        message = f"{what} is not read as a phase."
        return NotASlice(code, message, remedy or "Nothing needs to be done.", routine, group)

    if _DIRECTORY in (sop_class, fields.media_class):
        return left_out("index", "A DICOMDIR index")
    words = f"{fields.text('SeriesDescription')} {fields.text('ImageType')}".upper().replace("\\", " ")
    for found, code, what in _BY_WORDS:
        if any(_has_word(words, w) for w in found):
            return left_out(code, what)
    if sop_class.startswith(_STORAGE):
        number = sop_class[len(_STORAGE) :]
        for prefix, code, what in _BY_CLASS:
            if number == prefix or number.startswith(prefix + "."):
                return left_out(code, what)
    modality = fields.text("Modality").upper()
    if sop_class not in (CT_IMAGE, *ENHANCED_CT) or modality not in ("CT", ""):
        named = modality if modality.isalpha() and len(modality) <= 4 else "unknown"
        return left_out("not_ct", f"An object of modality {named}", "Import CT images only.", routine=False)
    if sop_class == CT_IMAGE and (fields.number("NumberOfFrames") or 1) > 1:
        return left_out(
            "multiframe",
            "A multi-frame object whose frames have no places",
            "Export it as enhanced CT or as single-frame CT.",
            routine=False,
        )
    return None


def _has_word(text: str, word: str) -> bool:
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not before.isalpha() and not after.isalpha():
            return True
        start = text.find(word, end)
    return False
