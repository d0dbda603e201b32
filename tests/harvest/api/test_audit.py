"""The audit trail: what is recorded, that nothing of it can be changed, and who may read it."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from harvest.domain import AuditAction, AuditOutcome, Role, TokenScope
from harvest.models import ApiToken, AuditEvent
from harvest.selectors.audit import verify
from harvest.services.audit import record
from harvest.services.cohorts import create_cohort
from harvest.services.members import set_members
from harvest.services.tokens import create_token
from tests.harvest.conftest import PASSWORD

pytestmark = pytest.mark.django_db
COHORTS = "/api/v1/cohorts"


def recorded(*names: str) -> list[tuple[object, ...]]:
    return list(AuditEvent.objects.values_list(*(names or ("actor", "action", "outcome"))))


def test_a_change_is_recorded_with_who_what_and_from_where(client_of):
    made = client_of(Role.DATA_MANAGER).post(COHORTS, {"name": "liver"}, REMOTE_ADDR="10.1.2.3").json()
    event = AuditEvent.objects.get()
    assert (event.actor, event.action, event.kind, event.via) == (
        "the-data_manager",
        "change",
        "cohorts",
        "session",
    )
    assert event.address == "10.1.2.3"
    assert event.detail == {"method": "POST", "url": "cohorts", "made": made["id"]}


def test_a_change_within_a_cohort_is_of_that_cohort(client_of, cohort):
    client_of(Role.DATA_MANAGER).patch(f"{COHORTS}/{cohort.pk}", {"description": "two years"})
    assert recorded("cohort", "kind", "object_id") == [(cohort.pk, "cohorts", str(cohort.pk))]


def test_looking_is_not_recorded_but_taking_away_is(client_of, cohort):
    client = client_of(Role.DATA_MANAGER)
    client.get(f"{COHORTS}/{cohort.pk}")
    assert recorded() == []
    client.get(f"{COHORTS}/{cohort.pk}/labour.csv")
    assert recorded() == [("the-data_manager", "export", "done")]


def test_what_did_not_come_about_is_not_recorded(client_of, cohort):
    assert client_of(Role.DATA_MANAGER).post(COHORTS, {"name": cohort.name}).status_code == 409
    assert recorded() == []


def test_refusals_by_role_and_by_membership_are_recorded(client_of, cohort):
    reader = client_of(Role.CLINICIAN)
    assert reader.post(COHORTS, {"name": "x"}).status_code == 403
    set_members(cohort=cohort.pk, usernames=[], members_only=True)
    assert reader.get(f"{COHORTS}/{cohort.pk}").status_code == 404
    assert recorded() == [("the-clinician", "access", "refused")] * 2


def test_signing_in_and_out_is_recorded_and_a_name_of_nobody_is_not_kept(user_of):
    user_of(Role.CLINICIAN)
    client = APIClient()
    for name, password in (("my secret", "x"), ("the-clinician", "x"), ("the-clinician", PASSWORD)):
        client.post("/api/v1/session", {"username": name, "password": password})
    client.delete("/api/v1/session")
    assert recorded() == [
        ("", "sign_in", "refused"),
        ("the-clinician", "sign_in", "refused"),
        ("the-clinician", "sign_in", "done"),
        ("the-clinician", "sign_out", "done"),
    ]


def test_tokens_made_and_used_are_named_and_never_told(client_of, user_of):
    made = client_of(Role.DATA_MANAGER).post("/api/v1/tokens", {"name": "nightly", "scope": "write"}).json()
    script = APIClient()
    script.credentials(HTTP_AUTHORIZATION=f"Token {made['secret']}")
    script.post(COHORTS, {"name": "liver"})
    client_of(Role.DATA_MANAGER).delete(f"/api/v1/tokens/{made['token']['id']}")
    assert recorded("action", "via") == [
        ("token", "session"),
        ("change", "token nightly"),
        ("token", "session"),
    ]
    assert made["secret"] not in str(list(AuditEvent.objects.values()))


def test_what_admins_change_of_people_is_recorded(client_of, user_of):
    reader = user_of(Role.CLINICIAN)
    page, new = f"/admin/auth/user/{reader.pk}/password/", "a-longer-secret-yet"
    given = {"usable_password": "true", "password1": new, "password2": new}
    assert client_of(Role.ADMIN).post(page, given).status_code == 302
    assert recorded("actor", "action", "object_id", "via") == [
        ("the-admin", "people", str(reader.pk), "admin")
    ]


def test_a_heartbeat_costs_no_event(client_of):
    client_of(Role.CLINICIAN).post(f"/api/v1/round-studies/{uuid.uuid4()}/activity", {}, format="json")
    assert recorded() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE harvest_auditevent SET actor = 'nobody'",
        "DELETE FROM harvest_auditevent",
        "TRUNCATE harvest_auditevent",
    ],
)
def test_the_database_refuses_to_change_the_trail(statement):
    record(AuditAction.CHANGE)
    with (
        pytest.raises(IntegrityError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEvent.objects.count() == 1


def behind_its_back(statement: str) -> None:
    """What only the table's owner can do, and does not go unseen."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE harvest_auditevent DISABLE TRIGGER keep_audit")
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE harvest_auditevent SET actor = 'nobody' WHERE id = 2", 2),
        ("UPDATE harvest_auditevent SET detail = '{}' WHERE id = 2", 2),
        ("DELETE FROM harvest_auditevent WHERE id = 2", 3),
        ("DELETE FROM harvest_auditevent WHERE id = 1", 2),
    ],
)
def test_a_row_that_was_changed_or_taken_out_is_found(statement, broken_at, cohort, user_of):
    detail = {"url": "cohorts", "said": 'é "quoted"\n\x7f 肝', "n": 1.5}
    for _ in range(4):
        record(AuditAction.CHANGE, user=user_of(Role.ADMIN), cohort=cohort.pk, detail=detail)
    assert (verify().rows, verify().holds) == (4, True)
    behind_its_back(statement)
    assert verify().broken_at == broken_at
    with pytest.raises(SystemExit):
        call_command("audit", "verify")


def test_newest_rows_that_were_cut_off_are_found_by_a_hash_noted_before(capsys):
    for _ in range(3):
        record(AuditAction.CHANGE)
    head = verify().head
    record(AuditAction.CHANGE)
    call_command("audit", "verify", "--head", head)
    assert "4 events, none changed or removed" in capsys.readouterr().out
    behind_its_back("DELETE FROM harvest_auditevent WHERE id > 2")
    assert verify().holds
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--head", head)


def test_managers_read_the_trail_of_cohorts_open_to_them(client_of, cohort):
    client = client_of(Role.DATA_MANAGER)
    other = create_cohort(name="other")
    for row in (cohort, other):
        record(AuditAction.RELEASE, cohort=row.pk)
    record(AuditAction.SIGN_IN, outcome=AuditOutcome.REFUSED)
    set_members(cohort=other.pk, usernames=[], members_only=True)
    assert [e["id"] for e in client.get("/api/v1/audit").json()["results"]] == [3, 1]
    assert [e["id"] for e in client_of(Role.ADMIN).get("/api/v1/audit").json()["results"]] == [3, 2, 1]


def test_the_trail_is_asked_by_actor_action_cohort_and_time(client_of, cohort, user_of):
    client = client_of(Role.ADMIN)
    record(AuditAction.RELEASE, cohort=cohort.pk, user=user_of(Role.ADMIN))
    record(AuditAction.EXPORT)
    for query, ids in (
        ({"actor": "the-admin"}, [1]),
        ({"action": "export"}, [2]),
        ({"cohort": str(cohort.pk)}, [1]),
        ({"since": "2000-01-01T00:00:00Z"}, [2, 1]),
        ({"until": "2000-01-01T00:00:00Z"}, []),
    ):
        assert [e["id"] for e in client.get("/api/v1/audit", query).json()["results"]] == ids, query
    assert client.get("/api/v1/audit", {"action": "stroll"}).status_code == 400


def test_the_table_holds_the_same_and_no_formulas(client_of):
    record(AuditAction.CHANGE, via="=HYPERLINK()")
    answer = client_of(Role.DATA_MANAGER).get("/api/v1/audit.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert (rows[-1]["id"], rows[-1]["via"]) == ("1", "'=HYPERLINK()")


def test_an_address_is_the_peer_s_whatever_a_header_says(client_of):
    told = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6"}
    client_of(Role.DATA_MANAGER).post(COHORTS, {"name": "liver"}, **told)
    assert recorded("address") == [("10.0.0.1",)]


def test_commands_are_recorded_and_the_trail_listed_and_exported(cohort, user_of, capsys, tmp_path):
    user_of(Role.CLINICIAN)
    call_command("members", cohort.name)
    assert recorded() == []
    call_command("members", cohort.name, "--add", "the-clinician")
    assert recorded("action", "kind", "object_id", "cohort", "via") == [
        ("members", "command", "members", cohort.pk, "command")
    ]
    call_command("audit", "list", "--cohort", cohort.name)
    assert "members done command members" in capsys.readouterr().out
    call_command("audit", "export", str(tmp_path / "a.csv"))
    assert (tmp_path / "a.csv").read_text().startswith("id,at,actor")
    assert recorded("action") == [("members",), ("export",)]
    with pytest.raises(CommandError):
        call_command("audit", "list", "--cohort", "none")


def test_a_token_of_one_cohort_reads_the_trail_of_that_one(user_of, cohort):
    record(AuditAction.CHANGE, cohort=cohort.pk)
    record(AuditAction.CHANGE)
    made = create_token(user=user_of(Role.ADMIN), name="one", scope=TokenScope.READ, cohort=cohort.pk)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {made.secret}")
    assert [e["id"] for e in client.get("/api/v1/audit").json()["results"]] == [1]


def test_a_token_that_cannot_be_recorded_is_not_made(client_of, monkeypatch):
    def refuse(*args: object, **given: object) -> None:
        raise IntegrityError

    client = client_of(Role.DATA_MANAGER)
    client.raise_request_exception = False
    monkeypatch.setattr("harvest.api.trail.record", refuse)
    assert client.post("/api/v1/tokens", {"name": "nightly"}).status_code == 500
    assert not ApiToken.objects.exists()
