"""Model versions on their way between installations: one file with the weights, what is known of them, and
the signature of the installation that vouches for it.

The file is a ZIP, stored uncompressed with fixed dates: version.json (canonical), weights.safetensors and
signature.json. version.json names the weights by their hash, and the signature (Ed25519) is of version.json,
so nothing in the file can be changed unseen. An installation's key follows from its sealing key, which is
backed up with its secrets.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from harvest.errors import HarvestError

FORMAT = "harvest-version/1"
VERSION, WEIGHTS, SIGNATURE = "version.json", "weights.safetensors", "signature.json"
MOST_TOLD = 4 * 2**20  # bytes of JSON
MOST_WEIGHTS = 4 * 2**30
SUFFIX = ".harvest-version.zip"
_DATE = (1980, 1, 1, 0, 0, 0)
# What zipfile, json and the key's reader say of files made to hurt.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    NotImplementedError,
    RuntimeError,
)


class BadVersionFile(HarvestError):
    """Not such a file, or one that was changed after it was signed."""

    code = "bad_version_file"


def signing_key() -> Ed25519PrivateKey:
    """This installation's own."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"harvest version signing")
    return Ed25519PrivateKey.from_private_bytes(derived.derive(settings.SEALING_KEY))


def fingerprint(public_key: bytes) -> str:
    """A public key as people compare it, such as 1f3a-…: eight groups of four hexadecimal digits."""
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return "-".join(digest[i : i + 4] for i in range(0, 32, 4))


def own_fingerprint() -> str:
    """What others see of files that this installation signed."""
    return fingerprint(_raw(signing_key().public_key()))


def write_version(out: Path | IO[bytes], told: Mapping[str, Any], weights: Path) -> None:
    """Writes the file; the same version gives the same bytes on the same installation.

    Args:
        told: plain JSON; "weights_sha256" has to be that of `weights`.
    """
    text = json.dumps({"format": FORMAT, **told}, sort_keys=True, indent=1, allow_nan=False).encode()
    key = signing_key()
    signed = {
        "algorithm": "Ed25519",
        "public_key": _raw(key.public_key()).hex(),
        "signature": key.sign(text).hex(),
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo(VERSION, _DATE), text)
        file.writestr(zipfile.ZipInfo(SIGNATURE, _DATE), json.dumps(signed, sort_keys=True, indent=1))
        with (
            file.open(zipfile.ZipInfo(WEIGHTS, _DATE), "w", force_zip64=True) as target,
            weights.open("rb") as data,
        ):
            while block := data.read(1 << 20):
                target.write(block)


def read_version(source: Path | IO[bytes], weights: Path) -> tuple[dict[str, Any], str]:
    """Takes such a file apart: what is told of the version, and the fingerprint of who signed it; the weights
    are written to `weights`.

    Raises:
        BadVersionFile: it is not such a file, was changed after it was signed, or is larger than any model.
    """
    try:
        with zipfile.ZipFile(source) as file:
            sizes = {info.filename: info.file_size for info in file.infolist()}
            if set(sizes) != {VERSION, WEIGHTS, SIGNATURE} or len(file.infolist()) != 3:
                raise _bad()
            if sizes[WEIGHTS] > MOST_WEIGHTS:
                raise BadVersionFile("The weights in this file are larger than 4 GiB.")
            text, signed = (_small(file, name) for name in (VERSION, SIGNATURE))
            signature = json.loads(signed)
            public = bytes.fromhex(signature["public_key"])
            Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature["signature"]), text)
            told: dict[str, Any] = json.loads(text)
            digest = _copy(file, weights)
    except InvalidSignature as error:
        raise BadVersionFile("This file was changed after it was signed. Ask for it anew.") from error
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _bad() from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise _bad()
    if digest != told.get("weights_sha256"):
        raise BadVersionFile("The weights in this file are not those that were signed. Ask for it anew.")
    return told, fingerprint(public)


def _bad() -> BadVersionFile:
    return BadVersionFile("This is no file of a model version. Choose one that another Harvest exported.")


def _small(file: zipfile.ZipFile, name: str) -> bytes:
    with file.open(name) as member:
        data = member.read(MOST_TOLD + 1)
    if len(data) > MOST_TOLD:
        raise _bad()
    return data


def _copy(file: zipfile.ZipFile, target: Path) -> str:
    digest, size = hashlib.sha256(), 0
    with file.open(WEIGHTS) as member, target.open("wb") as out:
        while block := member.read(1 << 20):
            size += len(block)
            if size > MOST_WEIGHTS:  # whatever the archive says of itself
                raise _bad()
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
