from __future__ import annotations

import json
import stat

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group
from django_celery_beat.models import PeriodicTask

from harvest.models import ModelVersion
from harvest.selectors.people import roles_of
from harvest.services.installation import ensure_installation
from tests.harvest.curated import weights_file

pytestmark = pytest.mark.django_db


def test_an_empty_installation_gets_one_login_a_role_kept_for_its_owner_alone(tmp_path):
    made = ensure_installation(fixtures=tmp_path)
    assert sorted(made["logins"]) == ["admin", "clinician", "engineer", "manager"]
    roles = {name: roles_of(authenticate(username=name, password=p)) for name, p in made["logins"].items()}
    assert {name: sorted(r) for name, r in roles.items()} == {
        "clinician": ["clinician"],
        "manager": ["data_manager"],
        "engineer": ["ml_engineer"],
        "admin": ["admin"],
    }
    kept = settings.STATE_DIR / "secrets" / "logins.json"
    assert json.loads(kept.read_text()) == made["logins"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_second_start_changes_nothing(tmp_path):
    weights_file(tmp_path / "centernet3d-small.safetensors")
    weights_file(tmp_path / "ksf-small.safetensors", family="ksf")
    weights_file(tmp_path / "sadt-small.safetensors", family="sadt")
    weights_file(tmp_path / "liver-small.safetensors", family="liver-unet")
    first = ensure_installation(fixtures=tmp_path)
    assert first["models"] == ["detector-v1", "key_slice_filter-v1", "liver_segmenter-v1", "characterizer-v1"]
    assert ensure_installation(fixtures=tmp_path) == {"logins": {}, "models": []}
    assert ModelVersion.objects.filter(promoted=True).count() == 4
    for task in ("watch_trainings", "watch_imports", "prepare_studies", "characterize_lesions"):
        assert PeriodicTask.objects.filter(task=f"harvest.{task}").count() == 1
    assert Group.objects.count() == 3


def test_where_there_is_a_user_no_login_is_made(tmp_path, django_user_model):
    django_user_model.objects.create_user("somebody")
    assert ensure_installation(fixtures=tmp_path)["logins"] == {}
