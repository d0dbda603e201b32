"""Rules that imports alone do not show, held on the syntax tree."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import calls, dotted, modules

# Django's and Celery's own entry points name the settings; the bootstrap runs before anything is installed.
READS_ENVIRONMENT = {
    "harvest/settings/env.py",
    "harvest/celery.py",
    "harvest/wsgi.py",
    "harvest/stack/bootstrap.py",
}
WRITES = {
    "create",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "acreate",
    "aupdate",
    "asave",
    "adelete",
}
ON_QUERYSETS = {"update", "delete"}
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNPICKLE = {
    "torch.load",
    "torch.save",
    "torch.jit.load",
    "torch.hub.load",
    "torch.hub.load_state_dict_from_url",
}
QUERYSET_MAKERS = {"filter", "exclude", "all", "get", "select_for_update", "order_by", "objects"}


def orm_writes(tree: ast.AST) -> list[int]:
    """Lines that write rows: Model.objects.create(...), queryset.update(...), row.save(), row.delete()."""
    lines = []
    for call in calls(tree):
        if not isinstance(call.func, ast.Attribute):
            continue
        name, owner = call.func.attr, call.func.value
        chain = {n.attr for n in ast.walk(owner) if isinstance(n, ast.Attribute)}
        on_rows = bool(chain & QUERYSET_MAKERS)
        saves_row = name in {"save", "delete"} and not call.args
        if (name in WRITES | ON_QUERYSETS and on_rows) or saves_row:
            lines.append(call.lineno)
    return lines


def test_the_environment_is_read_in_one_place():
    found = {
        f"{name}:{node.lineno}"
        for name, tree in modules("harvest", "detector")
        for node in ast.walk(tree)
        if name not in READS_ENVIRONMENT
        and isinstance(node, ast.Attribute)
        and dotted(node) in {"os.environ", "os.getenv", "os.putenv"}
    }
    assert found == set()


def test_only_services_write_rows():
    found = {
        f"{name}:{line}"
        for name, tree in modules("harvest", without=("harvest/services/",))
        for line in orm_writes(tree)
    }
    assert found == set()


def test_the_check_for_writes_sees_them():
    seen = (
        "Row.objects.create(a=1)\nRow.objects.filter(a=1).update(a=2)\nrow.save()\nrow.rows.all().delete()\n"
    )
    unseen = "{}.update(a=1)\nimage.save(out)\nhashlib.new('x').update(b'')\n"
    assert orm_writes(ast.parse(seen)) == [1, 2, 3, 4]
    assert orm_writes(ast.parse(unseen)) == []


def test_nothing_happens_by_signal():
    found = {
        name
        for name, tree in modules("harvest")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and "signals" in (node.module or "")
    }
    assert found == set()


def test_saving_a_row_is_django_s_own():
    overridden = {
        f"{name}:{item.name}"
        for name, tree in modules("harvest/models")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and item.name in {"save", "delete"}
    }
    assert overridden == set()


def test_tasks_are_declared_on_a_named_queue():
    bare = {
        f"{name}:{node.lineno}"
        for name, tree in modules("harvest", without=("harvest/queue.py",))
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "shared_task")
        or (isinstance(node, ast.Attribute) and dotted(node).endswith("app.task"))
    }
    assert bare == set()


def test_a_task_takes_ids_and_gives_nothing_back():
    wrong = {
        f"{name}:{node.name}"
        for name, tree in modules("harvest/tasks")
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and not (
            all(ast.unparse(a.annotation or ast.Constant(0)) == "str" for a in node.args.args)
            and ast.unparse(node.returns or ast.Constant(0)) == "None"
            and any(ast.unparse(d).startswith("task(queue=") for d in node.decorator_list)
        )
    }
    assert wrong == set()


def unpickles(tree: ast.AST) -> list[int]:
    """Lines by which a pickle could be read or written: a module that does, torch's own, numpy's switch."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call):
            names = {dotted(node.func)}
            if any(k.arg == "allow_pickle" and ast.unparse(k.value) != "False" for k in node.keywords):
                lines.append(node.lineno)
        else:
            continue
        if names & UNPICKLE or {name.split(".")[0] for name in names} & PICKLES:
            lines.append(node.lineno)
    return lines


def test_nothing_pickled_is_read_or_written():
    found = {f"{name}:{line}" for name, tree in modules("harvest", "detector") for line in unpickles(tree)}
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.numpy_pickle",
        "torch.load(path)",
        "torch.load(path, weights_only=True)",
        "from torch import load",
        "torch.hub.load_state_dict_from_url(url)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=asked)",
    ],
)
def test_the_check_for_pickles_sees_them(line):
    assert unpickles(ast.parse(line)) == [1]


def test_the_check_for_pickles_lets_plain_arrays_and_safetensors_pass():
    assert unpickles(ast.parse("np.load(path, allow_pickle=False)\nload_file(path)\njson.load(file)\n")) == []


def test_the_code_does_not_lean_on_asserts():
    found = {
        f"{name}:{node.lineno}"
        for name, tree in modules("harvest", "detector")
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    }
    assert found == set()
