"""Lesions: the curated truth."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from harvest.domain import LesionClass, LesionSource
from harvest.models.base import Base, HasBox, choices
from harvest.models.review import Review
from harvest.models.round import RoundStudy
from harvest.models.study import Study


class Lesion(Base, HasBox):
    """A box that a person vouches for: accepted from a candidate, drawn, or imported as gold.

    Never deleted: `retired_at` is set when the review is undone or a drawn box is changed (then
    `replaces` of the new row names the old one). `mask_key` and `attributes` are for systems that measure
    or describe the lesion; attributes are authored and versioned by whoever writes them.

    A lesion that is not `settled` is one reader's word and no truth yet: of a blind reading whose study is
    not decided, one that the decision passed over, or of a hidden case.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="lesions")
    round_study = models.ForeignKey(RoundStudy, null=True, on_delete=models.SET_NULL, related_name="lesions")
    review = models.OneToOneField(Review, null=True, on_delete=models.PROTECT, related_name="lesion")
    source = models.CharField(max_length=8, choices=choices(LesionSource))
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    reference_phase = models.CharField(max_length=40)
    frame_of_reference_uid = models.CharField(max_length=64, blank=True)
    primary = models.BooleanField(default=False)
    lesion_class = models.CharField(max_length=20, choices=choices(LesionClass), blank=True)
    absent_phases = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    mask_key = models.CharField(max_length=120, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")
    settled = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True)

    class Meta(Base.Meta):
        indexes = [models.Index(fields=("study",), condition=Q(retired_at=None), name="current_lesions")]
