"""docs/reference/roles.md says of every URL what the code says."""

from __future__ import annotations

from pathlib import Path

from harvest.api.scope import GLOBAL
from harvest.domain import Role
from tests.harvest.api.test_permissions import METHODS, ROUTES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "roles.md"
COLUMNS = (Role.CLINICIAN, Role.DATA_MANAGER, Role.ML_ENGINEER, Role.ADMIN)


def matrix() -> str:
    """The table in Markdown, a row an URL and method, by URL."""
    head = f"| URL | method | {' | '.join(role.replace('_', ' ') for role in COLUMNS)} | members |"
    lines = [head, "|---|---|" + ":-:|" * (len(COLUMNS) + 1)]
    for entry, route in sorted(ROUTES.items(), key=lambda item: item[1]):
        view = entry.callback.view_class
        for method in METHODS:
            allowed = getattr(view, "roles", {}).get(method)
            if allowed is None:
                continue
            marks = ["x" if role in allowed or role is Role.ADMIN else "" for role in COLUMNS]
            members = "" if entry.name in GLOBAL else "x"
            lines.append(f"| `{route}` | {method} | {' | '.join(marks)} | {members} |")
    return "\n".join(line.replace("  ", " ") for line in lines)


def test_the_document_holds_the_matrix_of_the_code():
    told = DOCUMENT.read_text("utf-8")
    begin, end = "<!-- matrix -->\n", "\n<!-- end -->"
    assert told[told.index(begin) + len(begin) : told.index(end)] == matrix()
