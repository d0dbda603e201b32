"""What a reader rejects on a lesion does not teach against it."""

from __future__ import annotations

from detector.data.cases import Case, Mark, without_contradictions


def test_a_rejected_box_on_a_lesion_is_ignored_and_one_beside_it_stays() -> None:
    lesion = Mark(lo=(0, 0, 0), hi=(40, 40, 40), primary=True)
    inside = Mark(lo=(10, 10, 10), hi=(18, 18, 18), role="negative")
    across = Mark(
        lo=(30, 0, 0), hi=(60, 40, 40), role="negative"
    )  # its centre lies outside, a sixth is common
    beside = Mark(lo=(36, 36, 36), hi=(60, 60, 60), role="negative")
    far = Mark(lo=(90, 0, 0), hi=(99, 9, 9), role="negative")
    case = Case(
        study="S",
        subject="P",
        reference_phase="p",
        images={"p": "p.npy"},
        marks=(lesion, inside, across, beside, far),
        complete=False,
    )
    (learnt,) = without_contradictions([case])
    assert [m.role for m in learnt.marks] == ["positive", "ignored", "ignored", "negative", "negative"]
    assert (learnt.study, learnt.complete) == ("S", False)
    assert without_contradictions([learnt]) == [learnt]
