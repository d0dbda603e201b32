"""What each person chooses for themselves."""

from __future__ import annotations

import pytest

from harvest.domain import Role

pytestmark = pytest.mark.django_db
URL = "/api/v1/me/preferences"


def test_preferences_are_each_persons_own_and_last(client_of):
    reader, manager = client_of(Role.CLINICIAN), client_of(Role.DATA_MANAGER)
    assert reader.get(URL).json() == {"language": "", "keys": {}}
    assert reader.patch(URL, {"language": "fr"}, format="json").json()["language"] == "fr"
    bound = {"not_a_lesion": ["f", "F2"], "unsure": [" "]}
    assert reader.patch(URL, {"keys": bound}, format="json").json() == {"language": "fr", "keys": bound}
    assert reader.get("/api/v1/session").json()["user"]["preferences"] == {"language": "fr", "keys": bound}
    assert manager.get(URL).json() == {"language": "", "keys": {}}
    assert reader.patch(URL, {"language": "", "keys": {}}, format="json").json() == {
        "language": "",
        "keys": {},
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "tlh"},
        {"keys": {"unsure": "u"}},
        {"keys": {"unsure": ["u" * 31]}},
        {"keys": {str(n): [] for n in range(101)}},
        {"keys": {"a" * 61: []}},
    ],
)
def test_what_is_no_preference_is_refused(client_of, wrong):
    answer = client_of(Role.CLINICIAN).patch(URL, wrong, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
