from __future__ import annotations

import pytest

from harvest import store
from harvest.errors import Conflict, PermanentError
from harvest.selectors.releases import manifest
from harvest.services.releases import create_release, ensure_release
from tests.harvest.curated import make_study, mark_lesion

pytestmark = pytest.mark.django_db


def test_a_release_stays_as_it_was_frozen(cohort):
    mark_lesion(make_study(cohort))
    first = create_release(cohort=cohort.pk, note="first")
    mark_lesion(make_study(cohort))
    second = create_release(cohort=cohort.pk)
    assert [first.number, second.number] == [1, 2]
    assert [len(manifest(r)["studies"]) for r in (first, second)] == [1, 2]


def test_the_same_data_has_the_same_hash_under_every_number(cohort):
    mark_lesion(make_study(cohort))
    first, second = (create_release(cohort=cohort.pk) for _ in range(2))
    assert first.manifest_sha256 == second.manifest_sha256


def test_training_uses_the_latest_release_where_nothing_changed(cohort):
    mark_lesion(make_study(cohort))
    release = create_release(cohort=cohort.pk)
    assert ensure_release(cohort=cohort.pk) == release
    mark_lesion(make_study(cohort))
    assert ensure_release(cohort=cohort.pk).number == 2


def test_nothing_curated_is_said(cohort):
    make_study(cohort)
    with pytest.raises(Conflict, match="Nothing is curated yet"):
        create_release(cohort=cohort.pk)


def test_a_manifest_that_was_changed_in_the_store_is_refused(cohort):
    mark_lesion(make_study(cohort))
    release = create_release(cohort=cohort.pk)
    path = store.path(f"releases/{release.manifest_sha256}.json")
    frozen = path.read_bytes()
    path.write_bytes(frozen.replace(b'"primary":true', b'"primary":false'))
    with pytest.raises(PermanentError, match="was changed"):
        manifest(release)
    path.write_bytes(frozen)
