"""Members of cohorts: who may see one that is not open to everyone."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from harvest.domain import Role
from harvest.errors import Conflict, HarvestError, NotFound
from harvest.models import Cohort, Membership
from harvest.selectors.people import roles_of


@transaction.atomic
def set_members(
    *, cohort: UUID, usernames: Collection[str], members_only: bool, by: User | None = None
) -> Cohort:
    """Makes these people, and nobody else, the cohort's members, and opens or closes it to others.

    Raises:
        NotFound: there is no such cohort.
        HarvestError: code unknown_people, with the names of nobody.
        Conflict: code shuts_oneself_out, where `by`, who is no admin, would lose sight of the cohort.
    """
    row = Cohort.objects.select_for_update().filter(pk=cohort).first()
    if row is None:
        raise NotFound("There is no such cohort.")
    people = list(User.objects.filter(username__in=usernames))
    unknown = sorted(set(usernames) - {person.username for person in people})
    if unknown:
        raise HarvestError(
            f"Nobody here is called {', '.join(unknown)}. Write names as people sign in with them.",
            code="unknown_people",
        )
    if members_only and by is not None and by not in people and Role.ADMIN not in roles_of(by):
        raise Conflict(
            "You would no longer see this cohort yourself. Keep your own name among the members.",
            code="shuts_oneself_out",
        )
    Membership.objects.filter(cohort=row).exclude(user__in=people).delete()
    Membership.objects.bulk_create(
        [Membership(cohort=row, user=person) for person in people], ignore_conflicts=True
    )
    row.members_only = members_only
    row.save(update_fields=["members_only"])
    return row
