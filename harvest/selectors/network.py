"""Archives that can be asked, and senders that may send."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from harvest.errors import NotFound
from harvest.models import DicomSender, ImageArchive


def archives() -> QuerySet[ImageArchive]:
    return ImageArchive.objects.all()


def archive(id: UUID) -> ImageArchive:
    """One archive; raises NotFound."""
    found = ImageArchive.objects.filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such archive.")
    return found


def archive_named(name: str) -> ImageArchive:
    """The archive of that name; raises NotFound."""
    found = ImageArchive.objects.filter(name=name).first()
    if found is None:
        raise NotFound("There is no archive of that name. `manage.py add_archive` makes one.")
    return found


def senders() -> QuerySet[DicomSender]:
    """Senders with their cohorts."""
    return DicomSender.objects.select_related("cohort")


def sender(id: UUID) -> DicomSender:
    """One sender; raises NotFound."""
    found = senders().filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such sender.")
    return found


def sender_titled(ae_title: str, *, host: str) -> DicomSender | None:
    """Who calls itself so and may send from that address, None where nobody may."""
    found = senders().filter(ae_title=ae_title).first()
    return found if found and found.host in ("", host) else None
