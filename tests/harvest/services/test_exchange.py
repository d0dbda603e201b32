"""A version goes from one installation to another: whole, signed, known by where it comes from."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest import store
from harvest.errors import Conflict, HarvestError
from harvest.exchange import BadVersionFile, own_fingerprint, read_version
from harvest.models import ModelVersion, TrustedInstallation
from harvest.services.exchange import export_version, import_version
from harvest.services.releases import create_release
from harvest.services.versions import register_version
from tests.harvest.curated import make_study, mark_lesion, weights_file

pytestmark = pytest.mark.django_db
P1TD = {"value": 0.5, "lo": 0.3, "hi": 0.7, "n": 20}


@pytest.fixture
def sent(tmp_path, cohort) -> bytes:
    """A version as another installation exported it, of which nothing is left here."""
    mark_lesion(make_study(cohort))
    made = register_version(
        weights=weights_file(tmp_path / "w.safetensors"),
        metrics={"p1td_1": P1TD},
        provenance={"data": "Release 1 of cohort liver.", "cohort": "liver", "seed": 7},
        release=create_release(cohort=cohort.pk),
    )
    file = io.BytesIO()
    assert export_version(version_id=made.pk, out=file) == "detector-v1.harvest-version.zip"
    again = io.BytesIO()
    export_version(version_id=made.pk, out=again)
    assert again.getvalue() == file.getvalue()
    made.promotions.all().delete()
    made.delete()
    cohort.releases.all().delete()
    return file.getvalue()


@pytest.fixture
def elsewhere(settings):
    """This installation becomes another one, with a key of its own."""
    sender = own_fingerprint()
    settings.SEALING_KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    assert own_fingerprint() != sender
    return sender


def test_an_unknown_sender_is_named_and_trusted_once(sent, elsewhere):
    with pytest.raises(Conflict, match="not known here") as refused:
        import_version(source=io.BytesIO(sent))
    assert refused.value.details == {"fingerprint": elsewhere}
    with pytest.raises(Conflict):
        import_version(source=io.BytesIO(sent), trust="0000-0000")
    made, checks = import_version(source=io.BytesIO(sent), trust=elsewhere)
    assert [c["holds"] for c in checks] == [True, True, False, False]
    assert TrustedInstallation.objects.get().fingerprint == elsewhere
    assert not made.promoted
    assert made.metrics == {"elsewhere": {"p1td_1": P1TD}}
    assert made.provenance["imported"]["name"] == "detector-v1"
    assert made.provenance["seed"] == 7
    assert "liver" not in json.dumps(made.provenance)
    assert store.path(made.store_key).is_file()
    with pytest.raises(Conflict, match="here already, as detector-v1"):
        import_version(source=io.BytesIO(sent))


def test_its_release_and_its_parent_are_found_where_they_are_here(sent, elsewhere, cohort):
    create_release(cohort=cohort.pk)
    made, checks = import_version(source=io.BytesIO(sent), trust=elsewhere)
    assert made.release == cohort.releases.get()
    assert checks[2]["holds"]


def changed(data: bytes, name: str, text: bytes) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for member in before.namelist():
            after.writestr(member, text if member == name else before.read(member))
    out.seek(0)
    return out


@pytest.mark.parametrize("name", ["version.json", "weights.safetensors", "signature.json"])
def test_what_was_changed_on_its_way_is_refused(sent, elsewhere, name):
    with pytest.raises(BadVersionFile):
        import_version(source=changed(sent, name, b"{}"), trust=elsewhere)
    assert not ModelVersion.objects.exists()


def test_a_file_with_more_or_less_in_it_is_refused(sent, elsewhere):
    more = io.BytesIO(sent)
    with zipfile.ZipFile(more, "a") as file:
        file.writestr("../../etc/cron.d/x", "no")
    for data in (more, io.BytesIO(b""), io.BytesIO(b"PK\3\4 not a zip")):
        data.seek(0)
        with pytest.raises(BadVersionFile, match="no file of a model version"):
            import_version(source=data, trust=elsewhere)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_is_seen_or_harmless(sent, tmp_path, data):
    place = data.draw(st.integers(0, len(sent) - 1))
    bent = bytearray(sent)
    bent[place] ^= data.draw(st.integers(1, 255))
    whole, signer = read_version(io.BytesIO(sent), tmp_path / "whole")
    try:
        told, by = read_version(io.BytesIO(bytes(bent)), tmp_path / "w")
    except HarvestError:
        return
    assert (told, by) == (whole, signer)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "whole").read_bytes()
