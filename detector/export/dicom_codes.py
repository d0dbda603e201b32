"""Coded concepts of an export in DICOM: SNOMED CT where it has a code, else this project's own (99HARVEST).

Lesion, hemangioma, metastasis, adenoma and cyst have the codes that DICOM PS3.16 lists, "benign" and
"malignant" those of its CID 6063; the other classes have SNOMED CT's own. Cholangiocarcinoma is intrahepatic
by its site, which is the liver.
"""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes

from detector.export.dataset import ANY_LESION

OWN = "99HARVEST"
LIVER = codes.SCT.Liver
LESION = codes.SCT.Lesion
CATEGORY = codes.SCT.MorphologicallyAbnormalStructure
CLASS = codes.SCT.AssociatedMorphology
ROLE = CodedConcept("ROLE", OWN, "Role of the lesion in its study")
PRIMARY = CodedConcept("PRIMARY", OWN, "Primary lesion of the study")
OTHER = CodedConcept("OTHER", OWN, "Another lesion of the study")
NOT_SEEN = CodedConcept("NOT_SEEN", OWN, "Phase in which the lesion is not visible")

_CLASSES = {
    ANY_LESION: ("52988006", "Lesion"),
    "hcc": ("25370001", "Hepatocellular carcinoma"),
    "icc": ("70179006", "Cholangiocarcinoma"),
    "metastasis": ("14799000", "Neoplasm, metastatic"),
    "haemangioma": ("2099007", "Hemangioma"),
    "fnh": ("278527001", "Focal nodular hyperplasia of liver"),
    "adenoma": ("32048006", "Adenoma"),
    "cyst": ("367643001", "Cyst"),
    "benign": ("30807003", "Benign"),
    "malignant": ("21594007", "Malignant"),
}
_BY_CODE = {code: name for name, (code, _) in _CLASSES.items()}


def class_code(category: str) -> CodedConcept:
    """The concept of a class, one of this project's where SNOMED CT is not known to have it.

    >>> class_code("hcc").value, class_code("abscess").scheme_designator
    ('25370001', '99HARVEST')
    """
    if category in _CLASSES:
        code, meaning = _CLASSES[category]
        return CodedConcept(code, "SCT", meaning)
    return CodedConcept(category, OWN, category[:64])


def class_of(concept: CodedConcept) -> str:
    """The class that class_code made a concept of; the code itself where it is none of these.

    >>> class_of(class_code("fnh")), class_of(class_code("abscess"))
    ('fnh', 'abscess')
    """
    if concept.scheme_designator == "SCT":
        return _BY_CODE.get(concept.value, concept.value)
    return str(concept.value)


def phase_code(phase: str) -> CodedConcept:
    return CodedConcept(phase, OWN, phase.replace("_", " "))
