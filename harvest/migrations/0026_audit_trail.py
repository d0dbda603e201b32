"""The audit trail. The database itself keeps it: rows are only added, and each holds the hash of the one before.

The number of a row is given under a lock and without gaps, so that the chain has one order. The triggers fire
for replicas and superusers too (ENABLE ALWAYS).
"""

from django.db import migrations, models

ACTIONS = ["sign_in", "sign_out", "token", "members", "people", "promote", "release", "export", "review",
           "change", "access", "command"]  # fmt: skip

CHAIN = """
CREATE FUNCTION harvest_chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('harvest_auditevent'));
    SELECT id, hash INTO before FROM harvest_auditevent ORDER BY id DESC LIMIT 1;
    NEW.id := coalesce(before.id, 0) + 1;
    NEW.previous := coalesce(before.hash, '');
    NEW.hash := encode(sha256(convert_to(jsonb_build_array(
        NEW.previous, NEW.id::text, to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        coalesce(NEW.actor_id::text, ''), NEW.actor, NEW.action, NEW.outcome, NEW.kind, NEW.object_id,
        coalesce(NEW.cohort::text, ''), NEW.address, NEW.via, NEW.detail::text
    )::text, 'UTF8')), 'hex');
    RETURN NEW;
END $$
"""
KEEP = """
CREATE FUNCTION harvest_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only added to: % is refused', TG_OP USING ERRCODE = 'check_violation';
END $$
"""
TRIGGERS = """
CREATE TRIGGER chain_audit BEFORE INSERT ON harvest_auditevent
    FOR EACH ROW EXECUTE FUNCTION harvest_chain_audit();
CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE OR TRUNCATE ON harvest_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION harvest_keep_audit();
ALTER TABLE harvest_auditevent ENABLE ALWAYS TRIGGER chain_audit;
ALTER TABLE harvest_auditevent ENABLE ALWAYS TRIGGER keep_audit;
"""
NO_TRIGGERS = """
DROP TRIGGER chain_audit ON harvest_auditevent;
DROP TRIGGER keep_audit ON harvest_auditevent;
"""


class Migration(migrations.Migration):
    dependencies = [("harvest", "0025_access")]
    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("actor_id", models.IntegerField(null=True)),
                ("actor", models.CharField(blank=True, db_index=True, max_length=150)),
                ("action", models.CharField(choices=[(a, a) for a in ACTIONS], db_index=True, max_length=16)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("done", "done"), ("refused", "refused"), ("failed", "failed")],
                        default="done",
                        max_length=8,
                    ),
                ),
                ("kind", models.CharField(blank=True, max_length=40)),
                ("object_id", models.CharField(blank=True, max_length=64)),
                ("cohort", models.UUIDField(db_index=True, null=True)),
                ("address", models.CharField(blank=True, max_length=45)),
                ("via", models.CharField(blank=True, max_length=100)),
                ("detail", models.JSONField(default=dict)),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("hash", models.CharField(blank=True, max_length=64)),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.RunSQL(CHAIN, "DROP FUNCTION harvest_chain_audit()"),
        migrations.RunSQL(KEEP, "DROP FUNCTION harvest_keep_audit()"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
