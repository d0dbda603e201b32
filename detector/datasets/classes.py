"""Names of lesions as people and data sets write them, and the class that each means."""

from __future__ import annotations

import re

CLASSES: dict[str, tuple[str, ...]] = {
    "hcc": ("hepatocellular carcinoma", "hepatocellular ca", "hepatoma", "hepatozelluläres karzinom"),
    "icc": (
        "cholangiocarcinoma", "intrahepatic cholangiocarcinoma", "cholangiocellular carcinoma", "icca",
        "ihcc", "cca", "ccc", "bile duct carcinoma", "cholangiokarzinom",
    ),
    "metastasis": (
        "metastases", "metastatic", "mets", "met", "liver metastasis", "liver metastases", "secondary",
        "crlm", "colorectal liver metastasis", "colorectal liver metastases", "colorectal metastasis",
        "metastase", "metastasen",
    ),
    "haemangioma": ("hemangioma", "haemangiomas", "hemangiomas", "cavernous hemangioma", "hämangiom"),
    "fnh": ("focal nodular hyperplasia", "fokal noduläre hyperplasie"),
    "adenoma": ("hepatocellular adenoma", "hepatic adenoma", "liver adenoma", "hca", "adenom"),
    "cyst": ("cysts", "simple cyst", "hepatic cyst", "liver cyst", "kyst", "zyste"),
    "benign": ("benign lesion", "benign tumor", "benign tumour", "gutartig"),
    "malignant": ("malignant lesion", "malignant tumor", "malignant tumour", "cancer", "bösartig"),
}  # fmt: skip
_BY_NAME = {name: key for key, names in CLASSES.items() for name in (key, *names)}


def class_named(text: str) -> str | None:
    """The lesion class a name stands for, whatever its case and punctuation; None where it is none.

    >>> class_named("Hepatocellular-Carcinoma"), class_named("Hemangioma "), class_named("lesion")
    ('hcc', 'haemangioma', None)
    """
    words = " ".join(re.sub(r"[^\w]+|_", " ", text.casefold()).split())
    return _BY_NAME.get(words)
