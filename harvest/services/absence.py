"""Phases in which a lesion is not to be seen."""

from __future__ import annotations

from collections.abc import Sequence

from harvest.errors import HarvestError
from harvest.models import Study


def check_absent_phases(study: Study, absent: Sequence[str]) -> None:
    """Raises HarvestError, code unknown_phase for a phase that the study does not have, and nowhere where no
    phase would be left to see the lesion in."""
    if not absent:
        return
    known = set(study.series.values_list("phase", flat=True))
    if wrong := sorted(set(absent) - known):
        raise HarvestError(
            f"The study has no phase {', '.join(wrong)}. It has: {', '.join(sorted(known))}.",
            code="unknown_phase",
        )
    if known <= set(absent):
        raise HarvestError("A lesion is to be seen in one phase at least.", code="nowhere")
