"""The C-STORE listener: who may send is asked at each association, objects are written as they come.

pynetdicom writes a data set to a temporary file while it arrives, in its own transfer syntax and behind file
meta information, so an object is never decoded and never held in memory.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from pynetdicom import AE, AllStoragePresentationContexts, _config, evt

log = logging.getLogger(__name__)

# Its own messages quote data sets and UIDs; ours stand for them.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
_config.LOG_HANDLER_LEVEL = "none"
_config.STORE_RECV_CHUNKED_DATASET = True

# What detector.ingest decodes (docs/reference/dicom.md). Of several that a sender offers for one class the
# first counts: many senders can unpack what they have, few can pack it.
TRANSFER_SYNTAXES = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    *(f"1.2.840.10008.1.2.4.{n}" for n in (201, 202, 203, 90, 91, 80, 81, 70, 57, 50, 51)),
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
]
# A-ASSOCIATE-RJ: (permanent, service user, calling AE title not recognised / called AE title not recognised),
# (transient, service provider, temporary congestion).
_UNKNOWN_CALLER, _UNKNOWN_CALLED, _LATER = (1, 1, 3), (1, 1, 7), (2, 3, 1)
_MAX_PDU_BYTES = 1 << 17
_MAX_ASSOCIATIONS = 16

VERIFICATION = "1.2.840.10008.1.1"

Route = TypeVar("Route")


class Status:
    """Answers to C-STORE (PS3.4, table B.2-1)."""

    SUCCESS = 0x0000
    OUT_OF_RESOURCES = 0xA700
    MISMATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, and under which AE title."""

    host: str
    port: int
    ae_title: str


def listen(
    at: Address,
    *,
    find_route: Callable[[str, str], Route | None],
    store: Callable[[Route, Path, str], int],
    staging: Path,
    block: bool = True,
) -> Any:
    """Listens until stopped; with block=False gives pynetdicom's server, whose shutdown() stops it.

    Args:
        find_route: (calling AE title, its address) to where its objects go; None for a caller that may not.
        store: (route, path, instance UID) of an object that is whole, to a Status; it moves the file away,
            or leaves it to be deleted.
        staging: folder that objects are written in while they come.
    """
    staging.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(staging)  # pynetdicom names no folder of its own
    ae = AE(at.ae_title)
    ae.maximum_pdu_size = _MAX_PDU_BYTES
    ae.maximum_associations = _MAX_ASSOCIATIONS
    ae.add_supported_context(VERIFICATION)
    # Reports and segmentations, too: a study is sent as a whole, and the import sets them aside by name.
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(str(context.abstract_syntax), TRANSFER_SYNTAXES)
    listener = _Listener(at.ae_title, find_route, store)
    handlers: list[Any] = [
        (evt.EVT_REQUESTED, listener.requested),
        (evt.EVT_C_STORE, listener.stored),
        (evt.EVT_C_ECHO, lambda _: Status.SUCCESS),
    ]
    log.info("listening as %s on %s port %d", at.ae_title, at.host, at.port)
    return ae.start_server((at.host, at.port), block=block, evt_handlers=handlers)


class _Listener(Generic[Route]):
    """What is done when pynetdicom calls. Events are its own objects, whose types say less than they hold."""

    def __init__(
        self,
        ae_title: str,
        find_route: Callable[[str, str], Route | None],
        store: Callable[[Route, Path, str], int],
    ) -> None:
        self.ae_title, self.find_route, self.store = ae_title, find_route, store
        self.routes: WeakKeyDictionary[Any, Route] = WeakKeyDictionary()  # of each association that stands

    def requested(self, event: Any) -> None:
        """Lets an association begin, or rejects it."""
        if rejected := self._rejection(event.assoc):
            event.assoc.acse.send_reject(*rejected)
            event.assoc.kill()

    def _rejection(self, association: Any) -> tuple[int, int, int] | None:
        request = association.requestor.primitive
        caller, host = str(request.calling_ae_title).strip(), str(association.requestor.address)
        if str(request.called_ae_title).strip() != self.ae_title:
            log.warning("association refused: %r called another AE title than ours", caller)
            return _UNKNOWN_CALLED
        try:
            route = self.find_route(caller, host)
        except Exception as error:
            log.error("association refused: senders cannot be looked up (%s)", type(error).__name__)
            return _LATER
        if route is None:
            log.warning("association refused: %r from %s is no sender of ours", caller, host)
            return _UNKNOWN_CALLER
        self.routes[association] = route
        return None

    def stored(self, event: Any) -> int:
        """Hands a whole object on; what goes wrong is an answer, never the end of the association."""
        event.request._dataset_file.close()  # it would be written to no more, but stays open
        try:
            return self.store(
                self.routes[event.assoc], Path(event.dataset_path), str(event.request.AffectedSOPInstanceUID)
            )
        except Exception as error:
            log.error("an object could not be kept (%s)", type(error).__name__)
            return Status.OUT_OF_RESOURCES


def echo(*, host: str, port: int, called: str, calling: str) -> bool:
    """Whether somebody answers C-ECHO there, as `called`, to us as `calling`."""
    ae = AE(calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = 10
    ae.add_requested_context(VERIFICATION)
    association = ae.associate(host, port, ae_title=called)
    if not association.is_established:
        return False
    status = association.send_c_echo()
    association.release()
    return "Status" in status and status.Status == Status.SUCCESS
