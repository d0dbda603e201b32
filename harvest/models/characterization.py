"""What a characterizer version says of a lesion."""

from __future__ import annotations

from django.db import models

from harvest.models.base import Base
from harvest.models.lesion import Lesion
from harvest.models.training import ModelVersion


class Characterization(Base):
    """Named outputs with their evidence (detector.contracts.Characterization), or why there are none.

    Written once for a lesion and a version: a lesion's box never changes, and neither do weights.
    """

    lesion = models.ForeignKey(Lesion, on_delete=models.CASCADE, related_name="characterizations")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    outputs = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    calibrated = models.BooleanField(default=False)
    error = models.JSONField(null=True)

    class Meta(Base.Meta):
        constraints = [
            models.UniqueConstraint(fields=("lesion", "model_version"), name="characterized_once_a_version")
        ]
