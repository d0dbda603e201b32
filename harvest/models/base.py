"""What every row shares."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from detector.geometry import Box3D


class Base(models.Model):
    """A row with a public id (a UUID, safe in URLs) and the time it was made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        abstract = True
        ordering: ClassVar[tuple[str, ...]] = ("created_at", "id")


def point_field(**options: Any) -> ArrayField:
    """Three doubles (x, y, z) in mm, LPS. PostgreSQL keeps doubles exactly, so boxes stay bit-equal."""
    return ArrayField(models.FloatField(), size=3, **options)


class HasBox(models.Model):
    """A row with a box in mm, LPS, on the study's reference grid."""

    lo = point_field()
    hi = point_field()

    class Meta:
        abstract = True

    @property
    def box(self) -> Box3D:
        return Box3D(tuple(self.lo), tuple(self.hi))


def choices(enum: type) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]  # type: ignore[attr-defined]
