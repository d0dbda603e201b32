"""A folder to import, and an upload of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from harvest.domain import (
    Role,
)
from harvest.services.uploads import Piece, add_pieces


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def upload(tmp_path: Path, user_of: Callable[[Role], User]) -> Callable[[Path], Any]:
    """Uploads a folder as a browser does."""

    def send(folder: Path) -> Any:
        pieces = [
            Piece(str(p.relative_to(folder)), SimpleUploadedFile(p.name, p.read_bytes()))
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        ]
        return add_pieces(user_id=user_of(Role.DATA_MANAGER).pk, pieces=pieces)

    return send
