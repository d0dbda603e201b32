"""The project's Python files and their syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def modules(*packages: str, without: tuple[str, ...] = ()) -> Iterator[tuple[str, ast.Module]]:
    """(path relative to the repository, tree) of the modules below some folders; `without`: path starts."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(("harvest/migrations/", *without)):
                yield name, _tree(path)


def dotted(node: ast.AST) -> str:
    """a.b.c of nested attributes; what is not a name counts as `?`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node
