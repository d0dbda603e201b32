"""docs/reference/verdicts.md, cell by cell."""

from __future__ import annotations

import pytest

from harvest.domain import ModelKind, TrainingRole, Verdict, training_role

D, K, C = ModelKind.DETECTOR, ModelKind.KEY_SLICE_FILTER, ModelKind.CHARACTERIZER
L = ModelKind.LIVER_SEGMENTER
V = Verdict
LEFT_OUT = TrainingRole(None)
PRIMARY = TrainingRole("positive", primary=True)


@pytest.mark.parametrize(
    ("verdict", "kind", "has_class", "role"),
    [
        (V.PRIMARY_LESION, D, False, PRIMARY),
        (V.PRIMARY_LESION, K, False, PRIMARY),
        (V.PRIMARY_LESION, C, False, PRIMARY),
        (V.OTHER_LESION, D, False, TrainingRole("positive")),
        (V.OTHER_LESION, K, False, TrainingRole("negative")),
        (V.OTHER_LESION, K, True, TrainingRole("negative")),
        (V.OTHER_LESION, C, False, LEFT_OUT),
        (V.OTHER_LESION, C, True, TrainingRole("positive")),
        (V.NOT_A_LESION, D, False, TrainingRole("negative")),
        (V.NOT_A_LESION, K, False, TrainingRole("negative")),
        (V.NOT_A_LESION, C, False, LEFT_OUT),
        (V.UNSURE, D, False, TrainingRole("ignored")),
        (V.UNSURE, K, False, LEFT_OUT),
        (V.UNSURE, C, False, LEFT_OUT),
        (V.NO_LESION, D, False, LEFT_OUT),
        (V.MISSED, D, False, LEFT_OUT),
        (V.PRIMARY_LESION, L, False, LEFT_OUT),
        (V.NOT_A_LESION, L, False, LEFT_OUT),
    ],
)
def test_what_a_mark_is_to_a_trainer(verdict, kind, has_class, role):
    assert training_role(verdict, kind, has_class=has_class) == role
