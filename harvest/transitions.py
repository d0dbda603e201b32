"""What state may follow what: drawn in docs/reference/states.md, and refused otherwise by the database itself
(triggers of the migrations, which tests/harvest/test_states.py holds against these)."""

from __future__ import annotations

from collections.abc import Mapping

from harvest.domain import ENDED, JobState, PreparationState

Transitions = Mapping[str, frozenset[str]]
_FORWARD: dict[str, frozenset[str]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset(ENDED),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}
ROUND_TRANSITIONS: Transitions = _FORWARD | {
    JobState.QUEUED: frozenset({JobState.RUNNING, *ENDED}),  # all its studies may have been cancelled
}
ROUND_STUDY_TRANSITIONS: Transitions = _FORWARD
# A person's answer about phases is what an ended import may lack.
IMPORT_TRANSITIONS: Transitions = _FORWARD | {
    JobState.SUCCEEDED: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}
# An interrupted training waits to go on from its last state; a person may let an ended one go on.
TRAINING_TRANSITIONS: Transitions = _FORWARD | {
    JobState.RUNNING: frozenset({JobState.QUEUED, *ENDED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}

# What a version says of a gold case; one that failed is asked again when somebody judges again.
ANSWER_TRANSITIONS: Transitions = _FORWARD | {JobState.FAILED: frozenset({JobState.QUEUED})}
JUDGEMENT_TRANSITIONS: Transitions = _FORWARD
# A chain goes on with its last training, where a person lets that go on.
CHAIN_TRANSITIONS: Transitions = _FORWARD | {
    JobState.FAILED: frozenset({JobState.RUNNING}),
    JobState.CANCELLED: frozenset({JobState.RUNNING}),
}

REPORT_TRANSITIONS: Transitions = _FORWARD
# An export that failed, or whose file was tidied away, is asked for again.
EXPORT_TRANSITIONS: Transitions = _FORWARD | {
    JobState.SUCCEEDED: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}

PREPARATION_TRANSITIONS: Transitions = {
    PreparationState.WAITING: frozenset({PreparationState.RUNNING, PreparationState.FAILED}),
    PreparationState.RUNNING: frozenset({PreparationState.READY, PreparationState.FAILED}),
    PreparationState.READY: frozenset(),
    PreparationState.FAILED: frozenset({PreparationState.WAITING, PreparationState.RUNNING}),
}
