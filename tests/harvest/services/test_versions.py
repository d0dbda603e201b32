from __future__ import annotations

import json

import pytest

from detector.errors import PlanError
from harvest import store
from harvest.models import ModelVersion
from harvest.selectors.versions import compare, difference
from harvest.services.versions import ensure_reference_version, register_version
from tests.harvest.curated import make_version, weights_file

pytestmark = pytest.mark.django_db
P1TD = {"value": 0.5, "lo": 0.3, "hi": 0.7, "n": 20}


def register(tmp_path, salt: str, **metrics: object) -> ModelVersion:
    weights = weights_file(tmp_path / f"{salt}.safetensors", salt=salt)
    return register_version(weights=weights, metrics=metrics, provenance={"data": "Phantoms."})


def test_the_first_version_of_a_kind_is_promoted_and_later_ones_wait(tmp_path):
    first, second = register(tmp_path, "a"), register(tmp_path, "b")
    assert [(v.name, v.promoted) for v in (first, second)] == [("detector-v1", True), ("detector-v2", False)]
    assert second.plan["size"] == "tiny"
    assert store.path(second.store_key).is_file()


def test_something_that_is_not_a_weights_file_is_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"not weights")
    with pytest.raises(PlanError):
        register_version(weights=tmp_path / "x.safetensors", metrics={}, provenance={})


def test_reference_weights_are_registered_once_with_their_figures(tmp_path):
    weights = weights_file(tmp_path / "centernet3d-small.safetensors", size="small")
    (tmp_path / "centernet3d-small.json").write_text(json.dumps({"metrics": {"p1td_1": P1TD}, "seed": 3}))
    made = ensure_reference_version(weights=weights)
    assert made is not None
    assert (made.name, made.promoted, made.metrics["p1td_1"]["value"]) == ("detector-v1", True, 0.5)
    assert "phantoms only" in made.card
    assert made.provenance["seed"] == 3
    assert ensure_reference_version(weights=weights) is None


def test_the_card_names_the_figures_with_their_interval(tmp_path):
    assert "P1TD-1: 0.500 (95 % interval 0.300 to 0.700, n = 20)" in register(tmp_path, "a", p1td_1=P1TD).card
    assert "Not judged on a gold set." in register(tmp_path, "b").card


def test_two_versions_are_compared_figure_by_figure_on_the_same_gold_studies():
    gold = {"gold_sha256": "g"}
    a = make_version(
        provenance=gold, metrics={"p1td_1": P1TD, "by_rule": {"iou": {"p1td_1": P1TD}}, "studies": 3}
    )
    b = make_version(promoted=False, provenance=gold, metrics={"p1td_1": P1TD | {"value": 0.6}})
    rows = {row["metric"]: row["difference"] for row in compare(a, b)}
    assert rows["by_rule.iou.p1td_1"] is None
    # 0.1 less the root of 0.3^2 + 0.2^2, and plus the root of 0.1^2 + 0.2^2
    assert rows["p1td_1"] == pytest.approx({"value": 0.1, "lo": -0.260555, "hi": 0.323607, "n": 20}, abs=1e-6)


def test_versions_judged_on_different_studies_have_no_difference():
    a = make_version(provenance={"gold_sha256": "g"}, metrics={"p1td_1": P1TD})
    b = make_version(promoted=False, provenance={"gold_sha256": "h"}, metrics={"p1td_1": P1TD})
    c = make_version(promoted=False, metrics={"p1td_1": P1TD})
    for one, other in ((a, b), (c, c)):
        assert [row["difference"] for row in compare(one, other)] == [None]


def test_an_undefined_figure_has_no_difference():
    assert difference(P1TD, {"value": None, "lo": None, "hi": None, "n": 0}) is None
