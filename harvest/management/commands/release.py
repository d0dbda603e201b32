"""`manage.py release create|list|diff|verify|export`: frozen data sets from the command line."""

from __future__ import annotations

from argparse import SUPPRESS
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from detector.export.formats import FORMATS
from harvest.domain import AuditAction
from harvest.management.base import HarvestCommand, Report
from harvest.manifest import difference
from harvest.models import DatasetRelease
from harvest.release_policy import LEAVE_OUT, LESIONS, REFUSE, SOURCES, ReleasePolicy
from harvest.selectors.cohorts import cohort_named
from harvest.selectors.releases import manifest, release_numbered, releases
from harvest.selectors.verifying import findings
from harvest.services.exports import export_to
from harvest.services.releases import create_release


class Command(HarvestCommand):
    help = "freezes what is curated, and compares, verifies and exports what was frozen"
    audited: AuditAction | None = None

    def arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
        for name, (help, add) in PARTS.items():
            part = parts.add_parser(name, help=help)
            part.add_argument("--json", action="store_true", default=SUPPRESS, help="print one JSON object")
            part.add_argument("--cohort", required=True, metavar="NAME")
            add(part)

    def run(self, options: dict[str, Any]) -> Report:
        self.audited = AUDITED.get(options["what"])
        run: Callable[[dict[str, Any]], Report] = getattr(self, f"_{options['what']}")
        return run(options)

    def _create(self, options: dict[str, Any]) -> Report:
        asked = {name: options[name] for name in POLICY if options[name] is not None}
        if options["no_negatives"]:
            asked["negatives"] = False
        made = create_release(
            cohort=cohort_named(options["cohort"]).pk,
            note=options["note"],
            policy=ReleasePolicy.from_json(asked),
        )
        counts = made.counts
        lines = [
            f"Release {made.number}: {counts['studies']} studies, {counts['lesions']} lesions, "
            f"{counts['not_a_lesion']} rejected candidates",
            f"sha256 {made.manifest_sha256}",
        ]
        if left_out := counts["left_out"]:
            lines.append(f"{left_out} curated studies are left out: they are not registered yet.")
        lines += [f"{n} studies are excluded: {why}" for why, n in counts["excluded"].items()]
        return Report(_told(made), lines)

    def _list(self, options: dict[str, Any]) -> Report:
        rows = list(releases(cohort_named(options["cohort"]).pk).order_by("number"))
        return Report(
            {"releases": [_told(row) for row in rows]},
            [
                f"{row.number}  {row.created_at:%Y-%m-%d}  {row.manifest_sha256[:12]}  "
                f"{row.counts['studies']} studies, {row.counts['lesions']} lesions  {row.note}".rstrip()
                for row in rows
            ]
            or ["Nothing is frozen yet."],
        )

    def _diff(self, options: dict[str, Any]) -> Report:
        before, after = (self._release(options, name) for name in ("before", "after"))
        changed = difference(manifest(before), manifest(after))
        counted = ", ".join(f"{len(entries)} {what}" for what, entries in changed.items())
        lines = [f"v{before.number}..v{after.number}: {counted}"]
        for what, entries in changed.items():
            lines += [f"{what}: study {one['ordinal']}" for one in entries]
        return Report(dict(changed), lines)

    def _verify(self, options: dict[str, Any]) -> Report:
        row = self._release(options, "number")
        found = list(findings(row, images=not options["no_images"]))
        lines = [f"study {f.study}: {f.what}" if f.study else f.what for f in found]
        return Report(
            {"holds": not found, "findings": [f._asdict() for f in found]},
            lines or [f"Release {row.number} is what was frozen."],
            ok=not found,
        )

    def _export(self, options: dict[str, Any]) -> Report:
        row = self._release(options, "number")
        asked = {name: options[name] for name in ("format", "out", "images")}
        files = export_to(release=row, tell=self._tell, **asked)
        others = " and others" if len(files) > 1 else ""
        return Report(
            {"release": row.number, "files": files, "counts": row.counts},
            [f"Release {row.number} is in {files[0]}{others}; read back, it was the same."],
        )

    def _tell(self, stage: str, done: int) -> None:
        if done and done % 100 == 0:
            self.say(f"{stage}: {done} studies")

    def _release(self, options: dict[str, Any], name: str) -> DatasetRelease:
        return release_numbered(cohort_named(options["cohort"]), options[name])


def _create(parser: CommandParser) -> None:
    parser.add_argument("--note", default="")
    parser.add_argument("--verdicts", nargs="+", choices=LESIONS, help="what counts as a lesion")
    parser.add_argument("--sources", nargs="+", choices=SOURCES, help="who vouched for it")
    parser.add_argument("--least-readers", type=int, choices=(1, 2))
    parser.add_argument("--least-agreement", type=float, metavar="SHARE", help="of two readers, 0 to 1")
    parser.add_argument("--least-mm", type=float, metavar="MM", help="diameter in the axial plane")
    parser.add_argument("--sites", nargs="+", metavar="SITE")
    parser.add_argument("--no-negatives", action="store_true", help="without studies that have no lesion")
    parser.add_argument("--leaks", choices=(REFUSE, LEAVE_OUT))


def _number(parser: CommandParser) -> None:
    parser.add_argument("--release", dest="number", type=int, metavar="N", help="the latest by default")


def _verify(parser: CommandParser) -> None:
    _number(parser)
    parser.add_argument("--no-images", action="store_true", help="do not read the images to hash them")


def _export(parser: CommandParser) -> None:
    _number(parser)
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="an empty folder")
    parser.add_argument("--images", action="store_true", help="with the registered phases")


def _diff(parser: CommandParser) -> None:
    parser.add_argument("before", type=int, metavar="N")
    parser.add_argument("after", type=int, metavar="M")


def _list(parser: CommandParser) -> None:
    """It has no arguments of its own."""


def _told(row: DatasetRelease) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "number": row.number,
        "manifest_sha256": row.manifest_sha256,
        "counts": row.counts,
        "policy": row.policy,
        "note": row.note,
    }


AUDITED = {"create": AuditAction.RELEASE, "export": AuditAction.EXPORT}
POLICY = ("verdicts", "sources", "least_readers", "least_agreement", "least_mm", "sites", "leaks")
PARTS: dict[str, tuple[str, Callable[[CommandParser], None]]] = {
    "create": ("freeze what is curated now", _create),
    "list": ("what was frozen", _list),
    "diff": ("what changed from release N to M", _diff),
    "verify": ("whether a release is what was frozen", _verify),
    "export": ("write a release in a format of the field", _export),
}
