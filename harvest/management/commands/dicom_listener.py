"""`manage.py dicom_listener`: receives studies by C-STORE; the launcher runs it where it has a port."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.network.listener import Address
from harvest.services import receiving


class Command(HarvestCommand):
    help = "listens for DICOM senders until it is stopped"
    audited = None

    def run(self, options: dict[str, Any]) -> Report:
        if settings.DICOM_PORT is None:
            raise HarvestError("Set HARVEST_DICOM_PORT to the port to listen on.", code="no_port")
        at = Address(settings.DICOM_HOST, settings.DICOM_PORT, settings.DICOM_AE_TITLE)
        try:
            receiving.listen_at(at)
        except OSError:
            raise HarvestError(
                f"Port {at.port} cannot be listened on. Set HARVEST_DICOM_PORT to a free one.", code="port"
            ) from None
        return Report({})
