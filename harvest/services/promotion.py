"""What a kind of model uses: changed by a named person, on a ground that is kept, and undone in one step."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest.domain import JobState, ModelKind, PromotionGround
from harvest.errors import Conflict, GateRefused, NotFound
from harvest.models import Judgement, ModelVersion, Promotion
from harvest.selectors.judgements import in_use_before, judgement_against
from harvest.selectors.versions import promoted
from harvest.services.turns import take_turn

LEAST_REASON = 10  # characters


@transaction.atomic
def promote(*, version: UUID, approver: User | None = None, reason: str = "") -> ModelVersion:
    """Makes a version the one its kind uses, where the gate let it through beside the one in use now, it was
    in use before, or nothing is; else a person has to say why.

    Raises:
        NotFound: there is no such version.
        GateRefused: the gate did not let it through, or was not asked, and no reason is given.
    """
    take_turn("model versions")
    row = ModelVersion.objects.filter(pk=version).first()
    if row is None:
        raise NotFound("There is no such model version.")
    before = promoted(ModelKind(row.kind))
    if before == row:
        return row
    judgement = judgement_against(row, before) if before else None
    said = reason.strip()
    if before is None:
        ground = PromotionGround.FIRST
    elif row.promotions.exists():
        ground = PromotionGround.ROLLBACK
    elif judgement and judgement.passed:
        ground = PromotionGround.GATE
    elif len(said) >= LEAST_REASON:
        ground = PromotionGround.REASON
    else:
        raise GateRefused(_why_not(row, before, judgement))
    return _put_in_use(row, before, ground, judgement, approver, said)


@transaction.atomic
def roll_back(*, kind: ModelKind, approver: User | None = None, reason: str = "") -> ModelVersion:
    """Puts the version back in use that the present one replaced.

    Raises:
        Conflict: nothing was in use before it.
    """
    take_turn("model versions")
    before, back = promoted(kind), in_use_before(kind)
    if before is None or back is None:
        raise Conflict(
            f"No other {kind.replace('_', ' ')} was in use before this one.", code="nothing_before"
        )
    return _put_in_use(back, before, PromotionGround.ROLLBACK, None, approver, reason.strip())


def note_first(row: ModelVersion) -> None:
    """Writes down that a version came into use since none of its kind was."""
    Promotion.objects.create(version=row, ground=PromotionGround.FIRST)


def _put_in_use(
    row: ModelVersion,
    before: ModelVersion | None,
    ground: PromotionGround,
    judgement: Judgement | None,
    approver: User | None,
    reason: str,
) -> ModelVersion:
    ModelVersion.objects.filter(kind=row.kind, promoted=True).update(promoted=False)
    row.promoted = True
    row.save(update_fields=["promoted"])
    Promotion.objects.create(
        version=row,
        previous=before,
        judgement=judgement if ground is not PromotionGround.ROLLBACK else None,
        ground=ground,
        reason=reason[:300],
        approver=approver,
        approver_name=approver.get_username() if approver else "",
    )
    return row


def _why_not(row: ModelVersion, before: ModelVersion, judgement: Judgement | None) -> str:
    what = f"Say in {LEAST_REASON} characters or more why it should be used all the same."
    if judgement is None:
        return f"{row.name} has not been judged beside {before.name}. Have it judged first. Or: {what}"
    if judgement.state in (JobState.QUEUED, JobState.RUNNING):
        return f"{row.name} is still being judged beside {before.name}. Wait for the gate. Or: {what}"
    if judgement.state == JobState.FAILED:
        return f"{row.name} could not be judged beside {before.name}. Have it judged again. Or: {what}"
    return f"The gate did not let {row.name} through: it may be worse than {before.name}. {what}"
