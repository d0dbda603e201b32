"""Uploads: kept under their sender's folder, in parts or whole, until they are imported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from harvest.domain import (
    ImportOutcome,
    Role,
    Split,
)
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort
from harvest.services.imports import (
    start_upload_import,
)
from harvest.services.uploads import Piece, add_pieces, received, upload_folder
from tests.harvest.archive import write_study
from tests.harvest.fixtures import Work
from tests.harvest.importing import outcomes

pytestmark = pytest.mark.usefixtures("state", "db")


def test_an_upload_is_its_senders_and_stays_in_its_folder(
    cohort: Cohort, archive: Path, upload: Any, user_of: Any
) -> None:
    write_study(archive / "one", seed=1)
    id = upload(archive)
    with pytest.raises(NotFound):
        start_upload_import(
            cohort=cohort, owner=user_of(Role.ADMIN), upload_id=id, given_phases={}, split=Split.POOL
        )
    for path in ("../../evil", "/etc/passwd", "a/../../b", ""):
        with pytest.raises(HarvestError) as refused:
            add_pieces(user_id=1, pieces=[Piece(path, SimpleUploadedFile("x", b"x"))])
        assert refused.value.code == "unsafe_path"


def test_a_file_in_parts_comes_together_and_the_last_part_may_come_again(state: Path) -> None:
    def send(content: bytes, offset: int, id: Any = None) -> Any:
        piece = Piece("in/scan.zip", SimpleUploadedFile("x", content), offset)
        return add_pieces(user_id=1, pieces=[piece], upload_id=id)

    id = send(b"0123", 0)
    for _ in range(2):
        send(b"4567", 4, id)
    assert received(user_id=1, upload_id=id) == [("in/scan.zip", 8)]
    assert (upload_folder(user_id=1, upload_id=id) / "in/scan.zip").read_bytes() == b"01234567"
    with pytest.raises(Conflict) as refused:
        send(b"cdef", 12, id)
    assert (refused.value.code, refused.value.details) == ("gap", {"received": 8})
    with pytest.raises(NotFound):
        received(user_id=2, upload_id=id)


def test_uploaded_archives_are_opened(
    cohort: Cohort, archive: Path, upload: Any, user_of: Any, work: Work, tmp_path: Path
) -> None:
    for seed in (1, 2):
        write_study(archive / f"s{seed}", seed=seed)
        shutil.make_archive(str(tmp_path / "packed" / f"s{seed}"), "zip", archive / f"s{seed}")
    with work():
        job = start_upload_import(
            cohort=cohort,
            owner=user_of(Role.DATA_MANAGER),
            upload_id=upload(tmp_path / "packed"),
            given_phases={},
            split=Split.POOL,
        )
    assert outcomes(job) == [(ImportOutcome.TAKEN, "")] * 2
