"""What each person has chosen for themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from harvest.domain import Language
from harvest.models.base import choices


class Preferences(models.Model):
    """A person's language (empty: whatever the browser asks for), and the keys of the review that were bound
    anew: {action: [key, ...]}."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences", primary_key=True
    )
    language = models.CharField(max_length=5, choices=choices(Language), blank=True)
    keys = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "preferences"
