"""What a training keeps in its folder so that a killed one can go on; needs no torch."""

from __future__ import annotations

import shutil
from pathlib import Path

STATE_NAME = "state.safetensors"
SAMPLES_NAME = "samples"
INSERTED_NAME = "inserted"  # studies with synthetic lesions
FOLD_NAME = "fold-"  # and its number: the folder of one of several networks


def drop_leftovers(out: Path) -> None:
    """Removes what only a resumed training needs; nothing need be there."""
    for folder in (out, *out.glob(f"{FOLD_NAME}*")):
        for name in (STATE_NAME, f"{STATE_NAME}.partial"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / SAMPLES_NAME, ignore_errors=True)


def drop_inserted(out: Path) -> None:
    """Removes the studies with synthetic lesions that a cold start learnt from; none need be there."""
    shutil.rmtree(out / INSERTED_NAME, ignore_errors=True)
