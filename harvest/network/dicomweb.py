"""An archive over DICOMweb: studies searched (QIDO-RS) and fetched (WADO-RS), objects straight to disk.

Plain `requests` rather than a DICOMweb client: those hold an object in memory, write it anew, follow an
archive wherever it sends them and log what was searched for (docs/decisions/0015-dicom-network.md).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase

from harvest.errors import HarvestError
from harvest.network.multipart import MultipartError, Part, Truncated, boundary_of, parts

# Their messages quote addresses, and an address may hold the number of a patient.
for _name in ("urllib3", "requests"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

TIMEOUT = (10.0, 120.0)  # seconds to connect, and between two pieces of an answer
_JSON_BYTES = 64 * 2**20
_PAGE = 200
_UID = re.compile(r"[0-9.]{1,64}")
_PASSING = (429, 502, 503, 504)
_DICOM_JSON = "application/dicom+json"
_AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


class ArchiveError(HarvestError):
    """An archive that cannot be talked to; says why and what to do, and quotes nothing of its answer."""

    code = "archive_error"
    status = 502


class ArchiveGone(ArchiveError):
    """No answer, or one that may be another in a moment."""

    code = "archive_unreachable"
    status = 503


@dataclass(frozen=True, slots=True)
class Filters:
    """What is searched for; "" leaves a field out. Dates are YYYYMMDD, both days included."""

    date_from: str = ""
    date_to: str = ""
    patient_id: str = ""
    accession: str = ""
    description: str = ""
    modality: str = "CT"


@dataclass(frozen=True, slots=True)
class FoundInArchive:
    """A study as the archive lists it. Shown to who searches, and never kept."""

    study_uid: str
    date: str
    description: str
    patient_id: str
    accession: str
    modalities: list[str]
    series: int | None
    instances: int | None


@dataclass(frozen=True, slots=True)
class SeriesListing:
    """A series and its objects' UIDs."""

    uid: str
    instances: tuple[str, ...]


def is_uid(text: str) -> bool:
    """Whether a text can be a UID, and so stand in an address."""
    return bool(_UID.fullmatch(text))


class DicomWeb:
    """A DICOMweb service at `url`. Redirects are not followed, whatever they point to."""

    def __init__(self, url: str, *, username: str = "", password: str = "", token: str = "") -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        # Also where nothing is sent: requests would else look into ~/.netrc.
        self.session.auth = _Login(username, password, token)

    def check(self) -> None:
        """Asks for one study; raises ArchiveError where that fails."""
        self._json("/studies", {"limit": "1"})

    def search(self, filters: Filters, *, limit: int) -> tuple[list[FoundInArchive], bool]:
        """Studies as asked for, newest first, and whether there are more than `limit`.

        The description is compared here: archives need not match it, and Orthanc does not.
        """
        query = _query(filters)
        wanted = filters.description.casefold()
        found: list[FoundInArchive] = []
        seen: set[str] = set()
        offset = 0
        while len(found) <= limit and offset < 20 * limit:
            page = self._json("/studies", query | {"limit": str(_PAGE), "offset": str(offset)})
            fresh = [s for s in map(_found, page) if s.study_uid not in seen]
            found += [s for s in fresh if is_uid(s.study_uid) and wanted in s.description.casefold()]
            seen.update(s.study_uid for s in fresh)
            offset += len(page)
            # An archive that knows no offset says the same again.
            if len(page) < _PAGE or not fresh:
                break
        found.sort(key=lambda s: s.date, reverse=True)
        return found[:limit], len(found) > limit or offset >= 20 * limit

    def listing(self, study: str, *, modality: str) -> list[SeriesListing]:
        """The series of a study, of one modality where they say theirs, with the objects in each."""
        listed = []
        for row in self._json(f"/studies/{_checked(study)}/series", {}):
            uid = _text(row, "0020000E")
            if _text(row, "00080060") not in ("", modality):
                continue
            rows = self._json(f"/studies/{study}/series/{_checked(uid)}/instances", {})
            listed.append(SeriesListing(uid, tuple(_checked(_text(r, "00080018")) for r in rows)))
        return listed

    @contextmanager
    def objects(self, study: str, series: str, instance: str = "") -> Iterator[Iterator[Part]]:
        """The objects of a series, or one of it, as they are stored there."""
        path = f"/studies/{_checked(study)}/series/{_checked(series)}"
        path += f"/instances/{_checked(instance)}" if instance else ""
        with self._get(path, {}, _AS_STORED) as response, _named_errors():
            boundary = boundary_of(response.headers.get("content-type", ""))
            yield parts(_reader(response.iter_content(1 << 18)), boundary)

    def _json(self, path: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        with self._get(path, query, _DICOM_JSON) as response, _named_errors():
            if response.status_code == 204:
                return []
            text = b""
            for chunk in response.iter_content(1 << 18):
                text += chunk
                if len(text) > _JSON_BYTES:
                    raise _not_dicomweb()
            # Compatible archives send one study as an object of its own.
            said = json.loads(text or b"[]")
            rows = said if isinstance(said, list) else [said]
            if not all(isinstance(row, dict) for row in rows):
                raise _not_dicomweb()
            return rows

    @contextmanager
    def _get(self, path: str, query: Mapping[str, str], accept: str) -> Iterator[requests.Response]:
        with _named_errors():
            response = self.session.get(
                self.url + path,
                params=dict(query),
                headers={"Accept": accept},
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
        with response:
            if problem := _problem(response.status_code):
                raise problem
            yield response


class _Login(AuthBase):
    def __init__(self, username: str, password: str, token: str) -> None:
        self.username, self.password, self.token = username, password, token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        elif self.username:
            requests.auth.HTTPBasicAuth(self.username.encode(), self.password.encode())(request)
        return request


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turns what the network does into errors by name; the cause is dropped, since it quotes addresses."""
    try:
        yield
    except requests.exceptions.SSLError:
        raise ArchiveError(
            "The archive's certificate is not trusted. Name your hospital's in REQUESTS_CA_BUNDLE.",
            code="archive_certificate",
        ) from None
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout):
        raise _gone() from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError, Truncated):
        raise _gone() from None
    except (requests.exceptions.RequestException, MultipartError, json.JSONDecodeError, UnicodeDecodeError):
        raise _not_dicomweb() from None


def _gone() -> ArchiveGone:
    return ArchiveGone("The archive does not answer. See that it runs and that its address is right.")


def _not_dicomweb() -> ArchiveError:
    return ArchiveError(
        "What answers at the archive's address does not speak DICOMweb. Check the whole address.",
        code="archive_not_dicomweb",
    )


def _problem(status: int) -> ArchiveError | None:
    if status in (401, 403):
        return ArchiveError(
            "The archive does not accept the login. An admin enters it anew on the Network page.",
            code="archive_login",
        )
    if status in _PASSING:
        return _gone()
    if 300 <= status < 400:
        return ArchiveError(
            "The archive sends the request elsewhere, which is not followed. Enter the address it points to.",
            code="archive_redirect",
        )
    if status == 404:
        return ArchiveError("The archive does not have this.", code="archive_missing")
    if status not in (200, 204, 206):
        return ArchiveError(f"The archive answers with an error (status {status}).", code="archive_status")
    return None


def _query(filters: Filters) -> dict[str, str]:
    query = {"includefield": "StudyDescription", "ModalitiesInStudy": filters.modality}
    if filters.date_from or filters.date_to:
        same = filters.date_from == filters.date_to
        query["StudyDate"] = filters.date_from if same else f"{filters.date_from}-{filters.date_to}"
    query |= {"PatientID": filters.patient_id, "AccessionNumber": filters.accession}
    return {name: value for name, value in query.items() if value}


def _found(row: Mapping[str, Any]) -> FoundInArchive:
    return FoundInArchive(
        study_uid=_text(row, "0020000D"),
        date=_text(row, "00080020"),
        description=_text(row, "00081030"),
        patient_id=_text(row, "00100020"),
        accession=_text(row, "00080050"),
        modalities=[str(m) for m in _values(row, "00080061")],
        series=_number(row, "00201206"),
        instances=_number(row, "00201208"),
    )


def _values(row: Mapping[str, Any], tag: str) -> list[Any]:
    element = row.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return [v for v in values if v is not None] if isinstance(values, list) else []


def _text(row: Mapping[str, Any], tag: str) -> str:
    values = _values(row, tag)
    return str(values[0]).strip() if values else ""


def _number(row: Mapping[str, Any], tag: str) -> int | None:
    text = _text(row, tag)
    return int(text) if text.isascii() and text.isdigit() else None


def _checked(uid: str) -> str:
    if not is_uid(uid):
        raise _not_dicomweb()
    return uid


def _reader(chunks: Iterator[bytes]) -> Callable[[int], bytes]:
    """A `read` over chunks as they come; how many bytes are asked for does not matter to the caller. What
    the network does gets its name here: `requests` raises OSErrors, as a full disk does."""

    def read(_: int) -> bytes:
        with _named_errors():
            return next(chunks, b"")

    return read
