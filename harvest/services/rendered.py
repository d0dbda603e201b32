"""Pictures that are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from harvest import store
from harvest.services.locks import in_turn


def made_once(key: str, *, make: Callable[[], None]) -> Path:
    """The file under a store key. Of all who ask for what is not there at the same moment one makes it, the
    others wait; `make` fills the file's folder.

    Raises:
        NotFound: code store_missing where it made no such file.
    """
    there = store.root() / key
    if not there.exists():
        with in_turn(uuid5(NAMESPACE_URL, str(there.parent))):
            if not there.exists():
                make()
    return store.path(key)
