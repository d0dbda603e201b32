"""`python -m tests.bench.agreement`: how long the agreement page of a large cohort takes, over HTTP.

20,000 studies read twice by eight readers, ten candidates and two marks a reading; they differ in a tenth.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import uuid
from pathlib import Path

import psycopg

from tests.bench.queue.fill import fill
from tests.bench.queue.loop import Client, no_times
from tests.e2e.running import installation

SECOND = """
UPDATE harvest_harvestround SET reading_policy = 'two';

UPDATE harvest_reading SET reader_id = people.ids[1 + (hashtext(round_study_id::text) & 3)]
FROM (SELECT array_agg(id ORDER BY id) AS ids FROM auth_user WHERE username LIKE 'reader-%') people
WHERE state = 'done';

UPDATE harvest_review v SET reader_id = r.reader_id FROM harvest_reading r
WHERE r.round_study_id = v.round_study_id;

INSERT INTO harvest_reading (id, created_at, round_study_id, number, round_id, arm, stratum, priority, state,
    reader_id, done_at)
SELECT gen_random_uuid(), now(), round_study_id, 2, round_id, arm, '', priority, state, reader_id + 4, done_at
FROM harvest_reading WHERE state = 'done';

INSERT INTO harvest_review (id, created_at, round_study_id, candidate_id, reader_id, verdict, absent_phases)
SELECT gen_random_uuid(), now(), v.round_study_id, v.candidate_id, v.reader_id + 4,
    CASE WHEN random() < 0.1 THEN 'other_lesion' ELSE v.verdict END, '{}'
FROM harvest_review v;

INSERT INTO harvest_lesion (id, created_at, study_id, round_study_id, reader_id, lo, hi, source, lesion_class,
    reference_phase, frame_of_reference_uid, "primary", absent_phases, mask_key, attributes, settled)
SELECT gen_random_uuid(), now(), s.study_id, s.id, r.reader_id, ARRAY[x, 30 + random(), -90],
    ARRAY[x + 20, 60, -60], 'drawn', '', 'portal_venous', '', x < 0, '{}', '', '{}', false
FROM harvest_reading r JOIN harvest_roundstudy s ON s.id = r.round_study_id, unnest(ARRAY[-20, 40]) x
WHERE r.state = 'done';
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hva") as folder, installation(Path(folder) / "var") as running:
        os.environ["HARVEST_HOME"] = str(running.home)
        url = (Path(running.home) / "run" / "database-url").read_text()
        os.environ["HARVEST_DATABASE_URL"] = url
        os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
        _, cohort, _ = fill(8, 2 * asked.studies, 10)  # half of them are read
        from harvest.domain import Role
        from harvest.services import people, tokens

        user = people.create_login(username="steward", password=uuid.uuid4().hex, role=Role.DATA_MANAGER)
        with psycopg.connect(url, autocommit=True) as raw:
            for statement in filter(str.strip, SECOND.split(";")):
                raw.execute(statement)
            raw.execute("VACUUM ANALYZE")
        times = no_times()
        secret = tokens.create_token(user=user, name="bench").secret
        client = Client(running.port, {"Authorization": f"Token {secret}"}, times)
        for _ in range(asked.runs):
            found = client.ask("agreement", "GET", f"/api/v1/cohorts/{cohort}/agreement")
        median = statistics.median(times["agreement"])
        print(f"{found['read_twice']} studies read twice, {len(found['rows'])} rows: {median / 1000:.2f} s")


if __name__ == "__main__":
    main()
