"""Pictures beside the question for phases: one slice a series, kept while the question stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from detector.errors import ReadError
from detector.ingest.found import FoundSeries
from detector.phaseid.regions import shown_slice
from harvest import store
from harvest.errors import StorageFull
from harvest.models import ImportItem
from harvest.rendering import WIDTH_LEVEL_HU, Window, render_plane

WIDTH_PX = 240

log = logging.getLogger(__name__)


def keep_thumbnails(*, item: ImportItem, series: Sequence[FoundSeries]) -> None:
    """Renders a slice through the liver of each series, numbered in the question's order. A series that
    cannot be read has none, and a full disk means a question without pictures, not a lost one."""
    width, level = WIDTH_LEVEL_HU[Window.SOFT_TISSUE]
    try:
        with store.new_folder(_key(item.pk)) as folder:
            for number, one in enumerate(series):
                try:
                    coarse = one.read_coarse()
                except ReadError:
                    continue
                plane = coarse.hu[shown_slice(coarse)]
                picture = render_plane(
                    plane, coarse.spacing_zyx_mm[1:], (level - width / 2, level + width / 2), WIDTH_PX
                )
                (folder / f"{number}.webp").write_bytes(picture)
    except StorageFull:
        log.warning("import item %s: no room for the pictures of its series", item.pk)


def thumbnail_path(*, item_id: UUID, number: int) -> Path:
    """The picture of an asked item's series; raises NotFound where there is none (any more)."""
    return store.path(f"{_key(item_id)}/{number}.webp")


def forget_thumbnails(item_id: UUID) -> None:
    """Removes an item's pictures, if it has any."""
    store.delete_folder(_key(item_id))


def _key(item_id: UUID) -> str:
    return f"questions/{item_id}"
