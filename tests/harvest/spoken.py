"""The texts that the source says to people, as templates with numbered holes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from detector.registration.quality import LOOSE

ROOT = Path(__file__).resolve().parents[2]
SPEAKING = ("bucket", "engine", "engine_training", "exchange", "manifest", "queue", "release_policy", "store")
# What a page may show; what stays in a terminal, or tells a programmer of a mistake, is English alone.
SOURCES = [
    *(ROOT / "harvest" / folder for folder in ("api", "network", "selectors", "services", "tasks")),
    *(ROOT / "harvest" / f"{module}.py" for module in SPEAKING),
    *(ROOT / "detector" / folder for folder in ("ingest", "training")),
    *(ROOT / "detector").glob("*/trainer.py"),
    *(ROOT / "detector").glob("*/samples.py"),
    ROOT / "detector" / "cold_start.py",
    ROOT / "harvest" / "management" / "commands" / "supervise_training.py",
    ROOT / "detector" / "phantom" / "inserted_cases.py",
]
# Of the errors that are shown; those for programmers are the ones whose arrays do not fit.
_ERRORS = {"HarvestError", "DetectorError", "ValidationError"}
_FOR_PROGRAMMERS = {"ShapeError"}
# Keywords, keys and variables that hold such texts; functions that take them (and where), or return them.
_NAMES = {"message", "why", "what", "remedy", "reason", "text", "last_outcome", "outcome"}
_TAKE = {
    "unreadable": (1, 2),
    "bad_archive": (1, 2),
    "bad_phases": (1, 2),
    "add": (2, 3, 4),
    "_refused": (1, 2),
    "_bad": (0,),
    "Finding": (1,),
    "body": (1,),
    "_fail": (2,),
    "RowProblem": (2,),
    "_queue": (1,),
    "Standing": (1,),
    "_say": (2,),
    "_end": (2,),
}
_RETURN = {"obstacle", "_fire", "lost", "_why_not", "_refused_by", "_image"}


def templates() -> set[str]:
    """Every text, "Series {1} is no NIfTI." for an f-string."""
    files = [file for source in SOURCES for file in ([source] if source.is_file() else source.rglob("*.py"))]
    errors = _errors()
    said = {text for file in files for text in _said(ast.parse(file.read_text("utf-8")), errors)}
    return {text for text in said | {LOOSE} if re.search(r"[a-z]{2}", re.sub(r"\{\d\}", "", text))}


def _errors() -> set[str]:
    """The names of all errors that are shown."""
    files = [file for package in ("harvest", "detector") for file in (ROOT / package).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    bases = {c.name: {ast.unparse(b) for b in c.bases} for c in nodes if isinstance(c, ast.ClassDef)}
    known = set(_ERRORS)
    while more := {name for name, of in bases.items() if of & known} - known:
        known |= more
    return known - _FOR_PROGRAMMERS


def _said(tree: ast.AST, errors: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        for value in _places(node, errors):
            yield from _texts(value)


def _places(node: ast.AST, errors: set[str]) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in errors:
            yield from node.args[:1]
        yield from (node.args[at] for at in _TAKE.get(name, ()) if at < len(node.args))
        yield from (keyword.value for keyword in node.keywords if keyword.arg in _NAMES)
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (v for k, v in pairs if isinstance(k, ast.Constant) and k.value in _NAMES)
    elif isinstance(node, ast.Assign):
        names = {getattr(target, "id", getattr(target, "attr", "")) for target in node.targets}
        if names & _NAMES:
            yield node.value
    elif isinstance(node, ast.FunctionDef) and node.name in _RETURN:
        yield from (r.value for r in ast.walk(node) if isinstance(r, ast.Return) and r.value)
    elif isinstance(node, ast.arguments):
        pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        yield from (default for name, default in pairs if default and name.arg in _NAMES)


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.JoinedStr):
        holes = iter(range(1, 10))
        return [
            "".join(v.value if isinstance(v, ast.Constant) else f"{{{next(holes)}}}" for v in node.values)
        ]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _texts(value)]
    if isinstance(node, ast.Tuple):
        return [text for value in node.elts for text in _texts(value)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "strip":
        return _texts(node.func.value)
    return []
