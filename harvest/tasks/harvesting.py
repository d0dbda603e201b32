"""Tasks of imports and rounds."""

from __future__ import annotations
