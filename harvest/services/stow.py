"""What STOW-RS brings: each part checked by its content; the inbox gets them once the request is whole."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.contrib.auth.models import User

from detector.ingest.archive import Limits
from harvest import store
from harvest.domain import ImportSource
from harvest.errors import HarvestError, StorageFull
from harvest.network.multipart import Part
from harvest.network.objects import Identity, NotAnObject, TooLarge, identity_of, sync, write_object
from harvest.services import inbox

# Failure reasons (PS3.18 table I.2-2, PS3.4 table B.2-1).
OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0xA700, 0xC000


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that was not stored, as far as it is known which, and why."""

    reason: int
    sop_class: str = ""
    instance: str = ""


@dataclass(slots=True)
class Stored:
    """What became of the objects of a request."""

    kept: list[Identity] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def store_parts(*, cohort: UUID, user: User, parts: Iterable[Part]) -> Stored:
    """Writes the parts, one at a time, and puts the objects among them into the inbox when all have come.

    Raises:
        MultipartError: the body is not whole; nothing is kept.
        HarvestError: codes too_large, for more objects than an import may have, and empty.
        StorageFull: there is hardly any space; nothing is kept.
    """
    limits = Limits()
    sender = inbox.Sender(cohort, ImportSource.STOW, str(user.pk))
    folder = inbox.staging() / uuid.uuid4().hex
    stored, written = Stored(), []
    try:
        store.require_space(0)
        for number, part in enumerate(parts):
            if number >= limits.files:
                raise HarvestError("These are more objects than an import may have.", code="too_large")
            path = folder / str(number)
            try:
                write_object(path, part.content, limit_bytes=limits.file_bytes)
                written.append((path, identity_of(path)))
            except (NotAnObject, TooLarge):
                path.unlink(missing_ok=True)
                stored.refused.append(Refused(CANNOT_UNDERSTAND))
            except OSError as error:
                raise _full() from error
        if not written and not stored.refused:
            raise HarvestError("There is no object in the request.", code="empty")
        _sync([path for path, _ in written])
        for path, identity in written:
            _put(sender, path, identity, stored)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return stored


def _sync(paths: list[Path]) -> None:
    try:
        sync(*paths)
    except OSError as error:
        raise _full() from error


def _full() -> StorageFull:
    return StorageFull("The objects could not be kept. Free some space and send them again.")


def _put(sender: inbox.Sender, path: Path, identity: Identity, stored: Stored) -> None:
    try:
        inbox.put(sender=sender, identity=identity, path=path)
    except (OSError, StorageFull):
        stored.refused.append(Refused(OUT_OF_RESOURCES, identity.sop_class, identity.instance))
    else:
        stored.kept.append(identity)
