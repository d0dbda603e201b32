"""`python -m tests.bench.queue`: the review queue under load, over HTTP against a real installation.

100,000 studies with a million candidates and half a million reviews; eight readers, each in a closed loop
with a second of thought on average before each click. Times are taken at the reader, so the web server, the
serializers and the network stack of this machine are in them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import Any

import psycopg

from tests.e2e.running import installation

LIMITS_MS = {"next study": 20, "verdict": 30, "list page": 200}
Times = dict[str, list[float]]

FILL = """
INSERT INTO harvest_subject (id, created_at, cohort_id, pseudonym, split, identifier)
SELECT gen_random_uuid(), now(), %(cohort)s, md5('subject' || n), 'pool', ''
FROM generate_series(1, %(studies)s) n;

INSERT INTO harvest_study ({study_columns})
SELECT {study_values} FROM (
    SELECT id, row_number() OVER (ORDER BY pseudonym) AS n FROM harvest_subject WHERE cohort_id = %(cohort)s
) s;

INSERT INTO harvest_series (id, created_at, study_id, modality, phase, geometry, source_sha256, registration,
    assigned_by, confidence, nudge_mm, image_revision)
SELECT gen_random_uuid(), now(), s.id, 'CT', phase, s.geometry, md5(s.id::text || phase), '{{}}', 'image', 1,
    ARRAY[0, 0, 0], 0
FROM harvest_study s, unnest(ARRAY['non_contrast', 'arterial', 'portal_venous', 'delayed']) phase
WHERE s.cohort_id = %(cohort)s;

INSERT INTO harvest_roundstudy (id, created_at, round_id, study_id, state, seconds, top_score, arm, stratum,
    from_scratch, hidden, settled_at)
SELECT gen_random_uuid(), now(), %(round)s, s.id, 'succeeded', 1, 0.9,
    CASE WHEN random() < 0.1 THEN 'random' ELSE 'score' END, '', false, '',
    CASE WHEN s.ordinal <= %(done)s THEN now() END
FROM harvest_study s WHERE s.cohort_id = %(cohort)s;

INSERT INTO harvest_reading (id, created_at, round_study_id, number, round_id, arm, stratum, priority, state,
    reader_id, done_at)
SELECT gen_random_uuid(), now(), r.id, 1, r.round_id, r.arm, '', random(),
    CASE WHEN r.settled_at IS NULL THEN 'pending' ELSE 'done' END,
    CASE WHEN r.settled_at IS NULL THEN NULL ELSE %(reader)s END, r.settled_at
FROM harvest_roundstudy r WHERE r.round_id = %(round)s;

INSERT INTO harvest_activity (reader_id, reading_id, mode, at, seconds)
SELECT reader_id, id, 'click', now() - (n * interval '7 seconds'), 7
FROM harvest_reading, generate_series(1, %(candidates)s) n WHERE state = 'done';

INSERT INTO harvest_labour (reading_id, reader_id, mode, seconds)
SELECT id, reader_id, 'click', 70 FROM harvest_reading WHERE state = 'done';

INSERT INTO harvest_candidate (id, created_at, round_study_id, rank, kind, lo, hi, score, phase_scores,
    key_z_index, primary_score, suggested_primary)
SELECT gen_random_uuid(), now(), r.id, rank, 'model',
    ARRAY[-20, 30, -90.5], ARRAY[2.5, 60, -60.5], 1.0 / rank,
    '{{"arterial": 0.5}}', 3, 0.5, rank = 1
FROM harvest_roundstudy r, generate_series(1, %(candidates)s) rank WHERE r.round_id = %(round)s;

INSERT INTO harvest_review (id, created_at, round_study_id, candidate_id, reader_id, verdict, absent_phases)
SELECT gen_random_uuid(), now(), r.id, c.id, %(reader)s, 'not_a_lesion', '{{}}'
FROM harvest_roundstudy r JOIN harvest_candidate c ON c.round_study_id = r.id
WHERE r.round_id = %(round)s AND r.settled_at IS NOT NULL;
"""


def fill(readers: int, studies: int, candidates: int) -> tuple[str, str, list[str]]:
    """Rows in the database of the running installation; returns the round's and the cohort's id, and a token
    a reader."""
    import django

    django.setup()
    from django.db import connection

    from harvest.domain import JobState, ModelKind, Role
    from harvest.models import HarvestRound, ModelVersion
    from harvest.services import people, round_counts
    from harvest.services.cohorts import create_cohort
    from tests.harvest.fixtures import GEOMETRY

    cohort = create_cohort(name="load")
    users = [
        people.create_login(username=f"reader-{i}", password=uuid.uuid4().hex, role=Role.CLINICIAN)
        for i in range(readers)
    ]
    version = ModelVersion.objects.filter(kind=ModelKind.DETECTOR).first()
    parent = HarvestRound.objects.create(
        cohort=cohort, number=1, model_version=version, state=JobState.SUCCEEDED, random_share=0.1
    )
    values = {
        "id": "gen_random_uuid()",
        "created_at": "now()",
        "cohort_id": "%(cohort)s",
        "subject_id": "s.id",
        "ordinal": "s.n",
        "source_sha256": "md5('a' || s.n) || md5('b' || s.n)",
        "reference_phase": "'portal_venous'",
        "geometry": "%(geometry)s::jsonb",
        "lesion_class": "''",
        "store_key": "'none'",
        "preparation": "'ready'",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = 'harvest_study' AND is_nullable = 'NO' AND column_default IS NULL"
        )
        plain = {"boolean": "false", "jsonb": "'{}'::jsonb", "character varying": "''", "integer": "0"}
        plain["smallint"] = "0"
        for name, kind in cursor.fetchall():
            values.setdefault(name, plain.get(kind, "''"))
    given = {
        "cohort": str(cohort.pk),
        "round": str(parent.pk),
        "reader": users[0].pk,
        "studies": studies,
        "candidates": candidates,
        "done": studies // 2,
        "geometry": json.dumps(GEOMETRY.as_json()),
    }
    sql = FILL.format(study_columns=", ".join(values), study_values=", ".join(values.values()))
    url = os.environ["HARVEST_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as raw:
        for statement in filter(str.strip, sql.split(";")):
            psycopg.ClientCursor(raw).execute(statement, given)
        raw.execute("VACUUM ANALYZE")
    round_counts.recount(round_id=parent.pk)
    return str(parent.pk), str(cohort.pk), [people.token_of(user=user) for user in users]


class Reader:
    """One reader's browser: a connection that stays open, and the times of what it asks."""

    def __init__(self, port: int, token: str, times: Times) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self.times = times

    def ask(self, what: str, method: str, path: str, body: object = None) -> Any:
        started = time.perf_counter()
        sent = None if body is None else json.dumps(body)
        self.connection.request(method, f"/api/v1{path}", sent, self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        self.times[what].append(1000 * (time.perf_counter() - started))
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return json.loads(data) if data else None

    def read(self, round_id: str, until: float, thought: float) -> None:
        """Studies one after the other: next, a verdict a candidate, complete."""
        chance = random.Random(id(self))
        held: dict[str, Any] = {}
        time.sleep(chance.uniform(0, 5 * thought))  # people do not begin, nor click, in step
        while time.monotonic() < until:
            asked = {"ahead": 2, "have": list(held)}
            answer = self.ask("next study", "POST", f"/rounds/{round_id}/next", asked)
            held |= {study["id"]: study for study in answer["studies"]}
            held = {id: held[id] for id in answer["order"]}
            got = held.pop(answer["order"][0])
            for candidate in got["candidates"]:
                time.sleep(chance.uniform(0.5, 1.5) * thought)
                verdict = chance.choice(("primary_lesion", "not_a_lesion", "not_a_lesion", "other_lesion"))
                said = {"id": str(uuid.uuid4()), "candidate": candidate["id"], "verdict": verdict}
                self.ask("verdict", "POST", f"/round-studies/{got['id']}/reviews", said)
            self.ask("complete", "POST", f"/round-studies/{got['id']}/complete", {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--candidates", type=int, default=10, help="a study")
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--thought", type=float, default=1.0, help="seconds before each click")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hvq") as folder, installation(Path(folder) / "var") as running:
        os.environ["HARVEST_HOME"] = str(running.home)
        os.environ["HARVEST_DATABASE_URL"] = (running.home / "run" / "database-url").read_text()
        os.environ["DJANGO_SETTINGS_MODULE"] = "harvest.settings.base"
        started = time.perf_counter()
        round_id, cohort, tokens = fill(asked.readers, asked.studies, asked.candidates)
        print(f"filled in {time.perf_counter() - started:.0f} s", flush=True)
        times: Times = defaultdict(list)
        warm = Reader(running.port, tokens[0], defaultdict(list))
        for _ in range(5):
            warm.ask("warm", "POST", f"/rounds/{round_id}/next", {"ahead": 2})
        until = time.monotonic() + asked.seconds
        readers = [Reader(running.port, token, times) for token in tokens]
        threads = [
            threading.Thread(target=reader.read, args=(round_id, until, asked.thought)) for reader in readers
        ]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        spent = time.perf_counter() - started
        pages = ("studies", "rounds", "imports")
        for _ in range(10):
            for page in pages:
                warm.times = times
                warm.ask("list page", "GET", f"/cohorts/{cohort}/{page}")
                warm.ask(f"list page: {page}", "GET", f"/cohorts/{cohort}/{page}")
            warm.ask("overview", "GET", f"/cohorts/{cohort}/dashboard")
    clicks = len(times["verdict"])
    print(
        f"{asked.readers} readers, {asked.thought:g} s of thought, {spent:.0f} s: "
        f"{clicks / spent:.1f} verdicts/s, {len(times['complete'])} studies read; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print("| asked | n | median ms | p95 ms | limit, p95 |\n|---|---|---|---|---|")
    for what, taken in times.items():
        p95 = statistics.quantiles(taken, n=20)[-1]
        middle, limit = statistics.median(taken), LIMITS_MS.get(what, "")
        print(f"| {what} | {len(taken)} | {middle:.1f} | {p95:.1f} | {limit} |")


if __name__ == "__main__":
    main()
