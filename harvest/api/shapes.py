"""Shapes that several resources share: enums, geometry, lesions."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from harvest.domain import (
    PHASES,
    LesionClass,
    LesionSource,
    Modality,
    PreparationState,
)
from harvest.models import Lesion, Study


def choice(enum: type[StrEnum], **options: Any) -> serializers.ChoiceField:
    """A field of one of an enum's values."""
    return serializers.ChoiceField(choices=[member.value for member in enum], **options)


def point(**options: Any) -> serializers.ListField:
    """(x, y, z) in mm, LPS."""
    return serializers.ListField(child=serializers.FloatField(), min_length=3, max_length=3, **options)


class GeometrySerializer(serializers.Serializer):
    """A grid: shape (z, y, x), spacing and origin (x, y, z) in mm, LPS."""

    frame = serializers.CharField()
    unit = serializers.CharField()
    shape_zyx = serializers.ListField(child=serializers.IntegerField(), min_length=3, max_length=3)
    spacing_xyz_mm = point()
    origin_xyz_mm = point()
    frame_of_reference_uid = serializers.CharField(allow_blank=True)


class ErrorSerializer(serializers.Serializer):
    """What went wrong, as a job keeps it."""

    code = serializers.CharField()
    message = serializers.CharField()


class CharacterizationSerializer(serializers.Serializer):
    """What a characterizer says of a lesion: {output: {label: value in [0, 1]}}; the values are
    probabilities only where it is calibrated."""

    model_version = serializers.CharField(source="model_version.name")
    outputs = serializers.DictField(child=serializers.DictField(child=serializers.FloatField()))
    evidence = serializers.DictField()
    calibrated = serializers.BooleanField()
    error = ErrorSerializer(allow_null=True)


class LesionSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    source = choice(LesionSource)  # type: ignore[assignment]
    lo = point()
    hi = point()
    primary = serializers.BooleanField()
    lesion_class = choice(LesionClass, allow_blank=True)
    absent_phases = serializers.ListField(child=serializers.CharField())
    reader = serializers.SerializerMethodField()
    size_mm = serializers.SerializerMethodField()
    retired_at = serializers.DateTimeField(allow_null=True)
    replaces = serializers.UUIDField(source="replaces_id", allow_null=True)
    characterization = serializers.SerializerMethodField()

    @extend_schema_field(CharacterizationSerializer(allow_null=True))
    def get_characterization(self, row: Lesion) -> object:
        """The latest version's; earlier ones stay in the database."""
        said = list(row.characterizations.all())
        return CharacterizationSerializer(said[-1]).data if said else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_reader(self, row: Lesion) -> str | None:
        return row.reader.get_username() if row.reader else None

    @extend_schema_field(point())
    def get_size_mm(self, row: Lesion) -> list[float]:
        return list(row.box.size_mm)


class StudyBriefSerializer(serializers.Serializer):
    """What a reader needs of a study. Not its number in the cohort: gold studies that came in one go have
    numbers in a row, by which a reader would know hidden cases."""

    id = serializers.UUIDField()
    subject = serializers.CharField(source="subject.pseudonym")
    lesion_class = choice(LesionClass, allow_blank=True)
    reference_phase = serializers.CharField()
    phases = serializers.SerializerMethodField()
    phase_flags = serializers.SerializerMethodField()
    phase_nudges_mm = serializers.SerializerMethodField()
    image_revisions = serializers.SerializerMethodField()
    geometry = GeometrySerializer()
    has_liver = serializers.BooleanField()
    preparation = choice(PreparationState)
    preparation_error = ErrorSerializer(allow_null=True)
    suspected_text = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()),
        source="unchecked_text",
        help_text="Phases, and their original slices, that seem to bear writing; empty once looked at.",
    )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_phases(self, row: Study) -> list[str]:
        return phases_of(row)

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_phase_flags(self, row: Study) -> dict[str, str]:
        """What is to be known of a phase's registration, by phase; a phase that lies well is absent."""
        return {s.phase: s.registration["flag"] for s in row.series.all() if s.registration.get("flag")}

    @extend_schema_field(serializers.DictField(child=point()))
    def get_phase_nudges_mm(self, row: Study) -> dict[str, list[float]]:
        """How phases were moved by hand (x, y, z in LPS), by phase; a phase that was not is absent."""
        return {s.phase: s.nudge_mm for s in row.series.all() if any(s.nudge_mm)}

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_image_revisions(self, row: Study) -> dict[str, int]:
        """Of each phase's image: to be named in the address of its volume and its tiles."""
        return {s.phase: s.image_revision for s in row.series.all()}


def phases_of(study: Study) -> list[str]:
    """A study's phases in the order of their modality's vocabulary."""
    series = list(study.series.all())
    order = PHASES[Modality(series[0].modality)] if series else ()
    return sorted((s.phase for s in series), key=lambda p: order.index(p) if p in order else len(order))
