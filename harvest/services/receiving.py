"""What C-STORE brings: senders looked up, each object put into the inbox before it is acknowledged."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from django.db import connection

from harvest.domain import ImportSource
from harvest.errors import StorageFull
from harvest.network.listener import Address, Status, listen
from harvest.network.objects import NotAnObject, identity_of, sync
from harvest.selectors.network import sender_titled
from harvest.services import inbox

log = logging.getLogger(__name__)


def listen_at(at: Address, *, block: bool = True) -> Any:
    """Receives for the senders of the database until stopped; raises OSError where the port is taken."""
    return listen(at, find_route=find_sender, store=store_object, staging=inbox.staging(), block=block)


def find_sender(ae_title: str, host: str) -> inbox.Sender | None:
    """Whose objects these would be, None where nobody of that title may send from there."""
    try:
        row = sender_titled(ae_title, host=host)
    finally:
        connection.close()  # each association has a thread, and so a connection, of its own
    return inbox.Sender(row.cohort_id, ImportSource.DICOM, str(row.pk)) if row else None


def store_object(sender: inbox.Sender, path: Path, instance: str) -> int:
    """Keeps an object for good, or says why not; the status is the answer to its sender."""
    try:
        identity = identity_of(path)
        if identity.instance != instance:
            return Status.MISMATCH
        sync(path)
        inbox.put(sender=sender, identity=identity, path=path)
    except NotAnObject:
        return Status.CANNOT_UNDERSTAND
    except (StorageFull, OSError):
        log.error("an object was refused: it could not be kept, the disk may be full")
        return Status.OUT_OF_RESOURCES
    return Status.SUCCESS
