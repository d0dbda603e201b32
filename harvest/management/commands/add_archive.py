"""`manage.py add_archive NAME URL`: an archive to pull studies from; its password is asked for, or read."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandParser

from harvest.errors import HarvestError
from harvest.management.base import HarvestCommand, Report
from harvest.services.archives import check_archive, create_archive


class Command(HarvestCommand):
    help = "adds a DICOMweb archive that studies can be pulled from, and asks it for one study"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("url", metavar="URL", help="for example https://pacs.example.org/dicom-web")
        login = parser.add_mutually_exclusive_group()
        login.add_argument("--username", default="", help="its password is asked for")
        login.add_argument(
            "--token", action="store_true", help="log in with a bearer token, which is asked for"
        )

    def run(self, options: dict[str, Any]) -> Report:
        secret = _secret("Token: " if options["token"] else "Password: ") if _wants_one(options) else ""
        made = create_archive(
            name=options["name"],
            url=options["url"],
            username=options["username"],
            password="" if options["token"] else secret,
            token=secret if options["token"] else "",
        )
        try:
            check_archive(archive=made.pk)
            said = "It answers."
        except HarvestError as error:
            said = error.message
        return Report(
            {"id": made.pk, "name": made.name, "said": said}, [f"Archive {made.name} added. {said}"]
        )


def _wants_one(options: dict[str, Any]) -> bool:
    return bool(options["username"] or options["token"])


def _secret(prompt: str) -> str:
    """Typed unseen at a terminal, else the first line of standard input: arguments and variables are seen by
    other processes."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")
