"""What every command shares: --json, one report at the end, and errors as one line instead of a traceback."""

from __future__ import annotations

import getpass
import json
import logging
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, OperationalError

from detector.errors import DetectorError
from harvest.domain import AuditAction, AuditOutcome
from harvest.errors import HarvestError
from harvest.models import Cohort
from harvest.services.audit import record

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """How a command ended: `data` is printed under --json, `lines` otherwise. Not `ok` exits with 1."""

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    ok: bool = True


class HarvestCommand(BaseCommand):
    """A command implements `arguments(parser)` and `run(options) -> Report`, and may `say` how far it is."""

    as_json = False
    # What the audit trail calls it; None for one that changes nothing, or is part of the machinery.
    audited: AuditAction | None = AuditAction.COMMAND

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Adds the command's own arguments."""

    def run(self, options: dict[str, Any]) -> Report:
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Prints progress for people; silent under --json."""
        if not self.as_json:
            self.stdout.write(text)
            self.stdout.flush()

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options["json"])
        try:
            report = self.run(options)
            self._record(options, AuditOutcome.DONE if report.ok else AuditOutcome.FAILED)
        except CommandError:
            raise
        except KeyboardInterrupt:
            self._fail("interrupted", "Stopped.", {})
        except Exception as error:
            self._fail(*described(error))
        else:
            if self.as_json:
                self.stdout.write(json.dumps(report.data, cls=DjangoJSONEncoder))
            for line in report.lines:
                self.say(line)
            if not report.ok:
                raise SystemExit(1)

    def _record(self, options: dict[str, Any], outcome: AuditOutcome) -> None:
        if self.audited is None:
            return
        cohort = Cohort.objects.filter(name=str(options.get("cohort") or "")).first()
        record(
            self.audited,
            outcome=outcome,
            kind="command",
            object_id=type(self).__module__.rpartition(".")[2],
            cohort=cohort.pk if cohort else None,
            via="command",
            detail={"account": _account()},
        )

    def _fail(self, code: str, message: str, details: dict[str, Any]) -> None:
        if self.as_json:
            self.stdout.write(
                json.dumps({"code": code, "message": message, "details": details}, cls=DjangoJSONEncoder)
            )
        # `from None`: the cause may quote a path, and Django would print it under --traceback.
        raise CommandError(message) from None


def _account() -> str:
    """Who is logged in to the machine, empty where it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def described(error: Exception) -> tuple[str, str, dict[str, Any]]:
    """(code, message, details) of an error, fit for people: no traceback, no path, no identifier."""
    if isinstance(error, HarvestError):
        return error.code, error.message, error.details
    if isinstance(error, DetectorError):
        return error.code, str(error), error.details
    if isinstance(error, OperationalError):
        return "database_down", "The database cannot be reached. See that it runs, then try again.", {}
    if isinstance(error, DatabaseError):
        return "database", "The database refused this. See that its migrations were run.", {}
    log.error("unexpected %s", type(error).__name__)
    return "internal", f"Something unforeseen went wrong ({type(error).__name__}); it was logged.", {}
