from __future__ import annotations

import pytest

from harvest import store
from harvest.domain import LesionSource, Role, Split, Verdict
from harvest.errors import Conflict, HarvestError, PermanentError
from harvest.manifest import read_manifest
from harvest.models import Cohort, Subject
from harvest.release_policy import ReleasePolicy
from harvest.selectors.releases import manifest
from harvest.services.releases import create_release, ensure_release
from tests.harvest.curated import (
    ELSEWHERE,
    TUMOUR,
    finish,
    judge,
    make_round,
    make_study,
    mark_lesion,
    propose,
)

pytestmark = pytest.mark.django_db


def test_a_release_stays_as_it_was_frozen(cohort):
    mark_lesion(make_study(cohort))
    first = create_release(cohort=cohort.pk, note="first")
    mark_lesion(make_study(cohort))
    second = create_release(cohort=cohort.pk)
    assert [first.number, second.number] == [1, 2]
    assert [len(list(manifest(r).studies)) for r in (first, second)] == [1, 2]


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
    path = store.path(f"releases/{release.manifest_sha256}.jsonl")
    frozen = path.read_bytes()
    path.write_bytes(frozen.replace(b'"primary":true', b'"primary":false'))
    with pytest.raises(PermanentError, match="was changed"):
        manifest(release)
    path.write_bytes(frozen)


def frozen(release) -> list[dict]:
    return list(manifest(release).studies)


def test_a_release_says_who_said_what_and_when(cohort, user_of):
    reader = user_of(Role.CLINICIAN)
    row = propose(make_round(cohort), make_study(cohort), TUMOUR, ELSEWHERE)
    judge(row, reader, Verdict.NOT_A_LESION, row.candidates.get(rank=2))
    judge(row, reader, Verdict.PRIMARY_LESION, row.candidates.get(rank=1))
    finish(row, reader)
    (study,) = frozen(create_release(cohort=cohort.pk))
    said = [(v["verdict"], v["reader"], v["round"]) for v in study["verdicts"]]
    name = reader.get_username()
    assert sorted(said) == [("not_a_lesion", name, 1), ("primary_lesion", name, 1)]
    assert all(v["at"].startswith("20") for v in study["verdicts"])
    assert study["readings"] == 1


def test_a_manifest_that_is_cut_short_is_not_whole(cohort, tmp_path):
    mark_lesion(make_study(cohort))
    release = create_release(cohort=cohort.pk)
    whole = store.path(f"releases/{release.manifest_sha256}.jsonl").read_bytes()
    for cut in (b"".join(whole.splitlines(keepends=True)[:-1]), whole[:-20], b""):
        (tmp_path / "cut").write_bytes(cut)
        with pytest.raises(PermanentError):
            read_manifest(tmp_path / "cut")


def test_small_lesions_teach_nobody_that_nothing_is_there(cohort):
    mark_lesion(make_study(cohort))
    mark_lesion(make_study(cohort, complete=True), ELSEWHERE)
    mark_lesion(make_study(cohort), ELSEWHERE)
    across = max(hi - lo for lo, hi in list(zip(ELSEWHERE.lo, ELSEWHERE.hi, strict=True))[:2])
    release = create_release(cohort=cohort.pk, policy=ReleasePolicy(least_mm=across + 1))
    kept, aside = frozen(release)
    assert (len(kept["lesions"]), kept["marks"]) == (1, [])
    assert [m["verdict"] for m in aside["marks"]] == ["unsure"]
    assert release.policy["least_mm"] == across + 1
    # Of the third, which may hold more than was marked, nothing is left to say.
    assert release.counts["excluded"] == {"nothing": 1}


def test_sites_and_negatives_are_chosen_and_what_is_excluded_is_counted(cohort):
    for site in ("north", "south"):
        study = make_study(cohort, complete=True)
        study.site = site
        study.save()
    mark_lesion(study)
    release = create_release(cohort=cohort.pk, policy=ReleasePolicy(sites=("south",)))
    assert (release.counts["by_site"], release.counts["excluded"]) == ({"south": 1}, {"site": 1})
    release = create_release(cohort=cohort.pk, policy=ReleasePolicy(negatives=False))
    assert release.counts["excluded"] == {"negative": 1}
    with pytest.raises(Conflict, match="leaves no study"):
        create_release(cohort=cohort.pk, policy=ReleasePolicy(sites=("west",)))


def test_what_one_reader_read_does_not_count_where_two_are_asked_for(cohort, user_of):
    reader = user_of(Role.CLINICIAN)
    row = propose(make_round(cohort), make_study(cohort), TUMOUR)
    judge(row, reader, Verdict.PRIMARY_LESION, row.candidates.get())
    mark_lesion(row.study, source=LesionSource.REVIEW)
    finish(row, reader)
    mark_lesion(make_study(cohort, split=Split.GOLD), source=LesionSource.IMPORTED)
    release = create_release(cohort=cohort.pk, policy=ReleasePolicy(least_readers=2))
    assert (release.counts["gold"], release.counts["excluded"]) == (1, {"readers": 1})


def test_a_patient_on_the_other_side_of_the_split_elsewhere_stops_a_release_or_stays_out(cohort):
    leaking, other = make_study(cohort, split=Split.GOLD), make_study(cohort)
    for study in (leaking, other):
        mark_lesion(study)
    elsewhere = Cohort.objects.create(name="public")
    copy = make_study(elsewhere)
    Subject.objects.filter(pk=copy.subject_id).update(pseudonym=leaking.subject.pseudonym)
    with pytest.raises(Conflict, match="other side of the split in public") as refused:
        create_release(cohort=cohort.pk)
    assert refused.value.details == {"studies": [leaking.ordinal]}
    release = create_release(cohort=cohort.pk, policy=ReleasePolicy(leaks="leave_out"))
    assert (release.counts["studies"], release.counts["excluded"]) == (1, {"leak": 1})
    assert ensure_release(cohort=cohort.pk) == release


def test_the_same_image_under_another_name_is_a_leak_too(cohort):
    mine = make_study(cohort, split=Split.GOLD)
    mark_lesion(mine)
    theirs = make_study(Cohort.objects.create(name="public"))
    theirs.series.update(source_sha256=mine.series.first().source_sha256)
    with pytest.raises(Conflict, match="in public"):
        create_release(cohort=cohort.pk)


def test_a_policy_that_says_nothing_sensible_is_refused():
    for told in ({"least_readers": 3}, {"least_agreement": 2}, {"colour": "red"}, {"verdicts": ["maybe"]}):
        with pytest.raises(HarvestError):
            ReleasePolicy.from_json(told)
    assert ReleasePolicy.from_json({"sites": ["b", "a"]}).as_json()["sites"] == ["a", "b"]
