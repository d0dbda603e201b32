from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_every_page_s_path_gives_the_frontend(client, settings, tmp_path):
    settings.FRONTEND_DIST = tmp_path
    (tmp_path / "index.html").write_text("<title>Harvest</title>")
    for path in ("/", "/login", "/rounds/7/review", "/studies/3/draw?round_study=1"):
        page = client.get(path)
        assert (page.status_code, page.content) == (200, b"<title>Harvest</title>")
        assert "csrftoken" in page.cookies


def test_without_a_built_frontend_it_says_what_to_do(client, settings, tmp_path):
    settings.FRONTEND_DIST = tmp_path
    page = client.get("/")
    assert page.status_code == 503
    assert b"make frontend" in page.content


def test_an_unknown_api_path_is_not_a_page(client):
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
