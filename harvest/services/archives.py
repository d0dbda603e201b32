"""Archives: entered by admins, tried out, searched by data managers. What a search finds is never kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from harvest.errors import Conflict, HarvestError
from harvest.models import ImageArchive
from harvest.network.dicomweb import DicomWeb, Filters, FoundInArchive
from harvest.selectors import network as selectors

MAX_FOUND = 100


@transaction.atomic
def create_archive(
    *, name: str, url: str, username: str = "", password: str = "", token: str = ""
) -> ImageArchive:
    """An archive to pull from; the login is a name with a password, or a token, or neither.

    Raises:
        Conflict: the name is taken.
        HarvestError: code bad_url or bad_login.
    """
    if ImageArchive.objects.filter(name=name).exists():
        raise Conflict("There is an archive of this name already.", code="name_taken")
    row = ImageArchive(name=name, url=url, username=username, password=password, token=token)
    _check(row)
    row.save()
    return row


@transaction.atomic
def update_archive(*, archive: UUID, **given: Any) -> ImageArchive:
    """Changes what is given of url, username, password and token; raises as create_archive.

    A stored password or token is never sent to an address that it was not entered for.
    """
    row = selectors.archive(archive)
    moved = "url" in given and _place(given["url"]) != _place(row.url)
    for name, value in given.items():
        setattr(row, name, value)
    if moved:
        for secret in {"password", "token"} - set(given):
            setattr(row, secret, "")
    _check(row)
    row.save(update_fields=["url", "username", "password", "token"])
    return row


def delete_archive(*, archive: UUID) -> None:
    """Takes an archive away; what was pulled from it stays."""
    selectors.archive(archive).delete()


def client_of(archive: ImageArchive) -> DicomWeb:
    return DicomWeb(archive.url, username=archive.username, password=archive.password, token=archive.token)


def check_archive(*, archive: UUID) -> None:
    """Asks the archive for one study; raises ArchiveError where it does not answer as it should."""
    client_of(selectors.archive(archive)).check()


def search_archive(*, archive: ImageArchive, filters: Filters) -> tuple[list[FoundInArchive], bool]:
    """Studies that match, newest first, and whether there are more than MAX_FOUND.

    Raises:
        HarvestError: code too_wide where nothing narrows the search.
        ArchiveError: the archive cannot be asked.
    """
    if not (filters.date_from or filters.date_to or filters.patient_id or filters.accession):
        raise HarvestError("Say at least a date, a patient id or an accession number.", code="too_wide")
    return client_of(archive).search(filters, limit=MAX_FOUND)


def _check(row: ImageArchive) -> None:
    try:
        parts = urlsplit(row.url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.username is not None or parts.query or parts.fragment:
        raise HarvestError(
            "Enter the DICOMweb address as http://host:port/path or https://..., without a login in it.",
            code="bad_url",
        )
    if (row.token and (row.username or row.password)) or (row.password and not row.username):
        raise HarvestError("Enter a user name with its password, or a token, or neither.", code="bad_login")


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
