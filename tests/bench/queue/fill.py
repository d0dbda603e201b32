"""Fills the database of a running installation with a long queue."""

from __future__ import annotations

import json
import os
import uuid

import psycopg

from detector.geometry import VolumeGeometry

FILL = """
INSERT INTO harvest_subject (id, created_at, cohort_id, pseudonym, split, identifier)
SELECT gen_random_uuid(), now(), %(cohort)s, md5('subject' || n), 'pool', ''
FROM generate_series(1, %(studies)s) n;

INSERT INTO harvest_study ({study_columns})
SELECT {study_values} FROM (
    SELECT id, row_number() OVER (ORDER BY pseudonym) AS n FROM harvest_subject WHERE cohort_id = %(cohort)s
) s;

INSERT INTO harvest_series (id, created_at, study_id, modality, phase, geometry, source_sha256, image_sha256,
    registration, assigned_by, confidence, nudge_mm, image_revision)
SELECT gen_random_uuid(), now(), s.id, 'CT', phase, s.geometry, md5('a' || s.id || phase) || md5('b' || s.id),
    md5('c' || s.id || phase) || md5('d' || s.id), '{{}}', 'image', 1, ARRAY[0, 0, 0], 0
FROM harvest_study s, unnest(ARRAY['non_contrast', 'arterial', 'portal_venous', 'delayed']) phase
WHERE s.cohort_id = %(cohort)s;

INSERT INTO harvest_roundstudy (id, created_at, round_id, study_id, state, tries, seconds, top_score, arm,
    stratum, from_scratch, hidden, settled_at)
SELECT gen_random_uuid(), now(), %(round)s, s.id, 'succeeded', 1, 1, 0.9,
    CASE WHEN random() < 0.1 THEN 'random' ELSE 'score' END, '', false,
    CASE WHEN random() < %(hidden)s THEN 'plain' ELSE '' END,
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

INSERT INTO harvest_lesion (id, created_at, study_id, lo, hi, source, reference_phase, frame_of_reference_uid,
    "primary", lesion_class, absent_phases, mask_key, attributes, settled)
SELECT gen_random_uuid(), now(), study_id, ARRAY[-20, 30, -90], ARRAY[0, 60, -60], 'imported',
    'portal_venous', '', true, '', '{{}}', '', '{{}}', true
FROM harvest_roundstudy WHERE round_id = %(round)s AND hidden <> '';

INSERT INTO harvest_review (id, created_at, round_study_id, candidate_id, reader_id, verdict, absent_phases)
SELECT gen_random_uuid(), now(), r.id, c.id, %(reader)s, 'not_a_lesion', '{{}}'
FROM harvest_roundstudy r JOIN harvest_candidate c ON c.round_study_id = r.id
WHERE r.round_id = %(round)s AND r.settled_at IS NOT NULL;
"""


def fill(
    readers: int,
    studies: int,
    candidates: int,
    *,
    done: float = 0.5,
    hidden: float = 0.1,
    geometry: VolumeGeometry | None = None,
) -> tuple[str, str, list[str]]:
    """Rows in the database of HARVEST_DATABASE_URL; returns the round's and the cohort's id, and a token a
    reader. `done` is the share of studies that were read, `hidden` that of the hidden cases; `geometry` is
    the grid of all, the tests' small one where there is none."""
    import django

    django.setup()
    from django.db import connection

    from harvest.domain import JobState, ModelKind, Role, TokenScope
    from harvest.models import HarvestRound, ModelVersion
    from harvest.services import people, round_counts, tokens
    from harvest.services.cohorts import create_cohort
    from tests.harvest.curated import make_version
    from tests.harvest.fixtures import GEOMETRY

    cohort = create_cohort(name="load")
    users = [
        people.create_login(username=f"reader-{i}", password=uuid.uuid4().hex, role=Role.CLINICIAN)
        for i in range(readers)
    ]
    version = ModelVersion.objects.filter(kind=ModelKind.DETECTOR).first() or make_version()
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
        "done": int(done * studies),
        "hidden": hidden,
        "geometry": json.dumps((geometry or GEOMETRY).as_json()),
    }
    sql = FILL.format(study_columns=", ".join(values), study_values=", ".join(values.values()))
    url = os.environ["HARVEST_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as raw:
        for statement in filter(str.strip, sql.split(";")):
            psycopg.ClientCursor(raw).execute(statement, given)
        raw.execute("VACUUM ANALYZE")
    round_counts.recount(round_id=parent.pk)
    return (
        str(parent.pk),
        str(cohort.pk),
        [tokens.create_token(user=user, name="bench", scope=TokenScope.WRITE).secret for user in users],
    )
