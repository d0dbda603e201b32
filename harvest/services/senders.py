"""DICOM senders: who may send to the listener, and into which cohort. Nobody else may."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import transaction

from harvest.errors import Conflict, HarvestError
from harvest.models import DicomSender
from harvest.network.listener import echo
from harvest.selectors import cohorts
from harvest.selectors import network as selectors


class NoEcho(HarvestError):
    """The sender does not answer when it is called back."""

    code = "no_echo"
    status = 502


@transaction.atomic
def create_sender(*, ae_title: str, cohort: UUID, host: str = "", port: int | None = None) -> DicomSender:
    """Lets a calling AE title send into a cohort; raises Conflict where it may already."""
    cohorts.cohort(cohort)
    if DicomSender.objects.filter(ae_title=ae_title).exists():
        raise Conflict(
            "This AE title sends into a cohort already. Take that entry away first.", code="title_taken"
        )
    return DicomSender.objects.create(ae_title=ae_title, cohort_id=cohort, host=host, port=port)


def delete_sender(*, sender: UUID) -> None:
    """Refuses the sender from its next association on."""
    selectors.sender(sender).delete()


def check_sender(*, sender: UUID) -> None:
    """Calls the sender back (C-ECHO).

    Raises:
        HarvestError: code no_address where it is not known where to call.
        NoEcho: nobody answers there under its AE title.
    """
    row = selectors.sender(sender)
    if not row.host or not row.port:
        raise HarvestError("Enter the sender's host and port to call it back.", code="no_address")
    if not echo(host=row.host, port=row.port, called=row.ae_title, calling=settings.DICOM_AE_TITLE):
        raise NoEcho(
            f"Nobody answers as {row.ae_title} at that host and port. See that it runs and knows "
            f"{settings.DICOM_AE_TITLE}."
        )
