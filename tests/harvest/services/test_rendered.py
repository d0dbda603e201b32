"""What is asked for by many at once is made once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from harvest import store
from harvest.errors import NotFound
from harvest.services.rendered import made_once


@pytest.mark.django_db(transaction=True)
def test_of_all_who_ask_at_once_one_makes_it_and_all_get_it(state: object) -> None:
    made: list[int] = []
    begin = threading.Barrier(6)

    def make() -> None:
        made.append(threading.get_ident())
        with store.new_folder("pictures/one") as folder:
            time.sleep(0.05)
            (folder / "a.webp").write_bytes(b"picture")

    def ask() -> bytes:
        begin.wait()
        try:
            return made_once("pictures/one/a.webp", make=make).read_bytes()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as readers:
        got = [future.result() for future in [readers.submit(ask) for _ in range(6)]]
    assert got == [b"picture"] * 6
    assert len(made) == 1


@pytest.mark.django_db
def test_what_cannot_be_made_is_not_found(state: object) -> None:
    with pytest.raises(NotFound):
        made_once("pictures/none/a.webp", make=lambda: None)
