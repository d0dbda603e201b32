"""Fills a database with a cohort that was harvested: every study read once, its lesions accepted."""

from __future__ import annotations

import os

import psycopg

from detector.geometry import VolumeGeometry
from tests.bench.queue.fill import fill

GRID = VolumeGeometry((60, 512, 512), (0.75, 0.75, 5.0), (-192.3, -180.1, -290.7), "2.25.1")

# Boxes of one study lie apart: 32 mm from the next in x, 5 to 30 mm wide, with all the digits of a network's.
CURATE = """
UPDATE harvest_candidate c SET lo = ARRAY[p.x, p.y, p.z], hi = ARRAY[p.x + p.w, p.y + p.w, p.z + p.w]
FROM (SELECT id, -180 + 32 * rank + random() AS x, 200 * random() - 150 AS y, 200 * random() - 250 AS z,
    5 + 25 * random() AS w FROM harvest_candidate) p
WHERE p.id = c.id;

UPDATE harvest_review v SET verdict = CASE WHEN c.rank = 1 THEN 'primary_lesion' ELSE 'other_lesion' END
FROM harvest_candidate c WHERE c.id = v.candidate_id AND c.rank <= %(lesions)s;

INSERT INTO harvest_lesion (id, created_at, study_id, round_study_id, review_id, reader_id, lo, hi, source,
    reference_phase, frame_of_reference_uid, "primary", lesion_class, absent_phases, mask_key, attributes,
    settled)
SELECT gen_random_uuid(), v.created_at, r.study_id, r.id, v.id, v.reader_id, c.lo, c.hi, 'review',
    'portal_venous', '2.25.1', c.rank = 1,
    CASE WHEN c.rank > 1 THEN '' WHEN random() < 0.5 THEN 'hcc' ELSE 'metastasis' END,
    CASE WHEN random() < 0.2 THEN ARRAY['non_contrast'] ELSE ARRAY[]::varchar[] END, '', '{}', true
FROM harvest_review v JOIN harvest_candidate c ON c.id = v.candidate_id
    JOIN harvest_roundstudy r ON r.id = v.round_study_id
WHERE c.rank <= %(lesions)s;
"""


def fill_curated(studies: int, candidates: int, lesions: int) -> None:
    """Of each study the first `lesions` candidates are accepted, the others are not."""
    fill(8, studies, candidates, done=1, hidden=0, geometry=GRID)
    with psycopg.connect(os.environ["HARVEST_DATABASE_URL"], autocommit=True) as raw:
        for statement in filter(str.strip, CURATE.split(";")):
            psycopg.ClientCursor(raw).execute(statement, {"lesions": lesions})
        raw.execute("VACUUM ANALYZE")
