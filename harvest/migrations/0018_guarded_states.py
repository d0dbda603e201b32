"""The database refuses what harvest.domain does not allow: a state may only be followed by some others."""

import json

from django.db import migrations

FORWARD = {
    "queued": ["running", "failed", "cancelled"],
    "running": ["succeeded", "failed", "cancelled"],
    "succeeded": [],
    "failed": [],
    "cancelled": [],
}
GUARDED = {
    ("harvest_harvestround", "state"): FORWARD
    | {"queued": ["running", "succeeded", "failed", "cancelled"]},
    ("harvest_roundstudy", "state"): FORWARD,
    ("harvest_importjob", "state"): FORWARD
    | {"succeeded": ["queued"], "failed": ["queued"], "cancelled": ["queued"]},
    ("harvest_trainingrun", "state"): FORWARD
    | {
        "running": ["queued", "succeeded", "failed", "cancelled"],
        "failed": ["queued"],
        "cancelled": ["queued"],
    },
    ("harvest_study", "preparation"): {
        "waiting": ["running", "failed"],
        "running": ["ready", "failed"],
        "ready": [],
        "failed": ["waiting", "running"],
    },
}
FUNCTION = """
CREATE FUNCTION harvest_guard_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := to_jsonb(OLD) ->> TG_ARGV[0];
    after text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF before <> after AND NOT (TG_ARGV[1]::jsonb -> before) ? after THEN
        RAISE EXCEPTION 'a %.% may not go from % to %', TG_TABLE_NAME, TG_ARGV[0], before, after
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""


def guards():
    yield migrations.RunSQL(FUNCTION, "DROP FUNCTION harvest_guard_state()")
    for (table, column), allowed in GUARDED.items():
        yield migrations.RunSQL(
            f"CREATE TRIGGER guard_{column} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION harvest_guard_state('{column}', '{json.dumps(allowed)}')",
            f"DROP TRIGGER guard_{column} ON {table}",
        )


class Migration(migrations.Migration):
    dependencies = [("harvest", "0017_training_leases")]
    operations = list(guards())
