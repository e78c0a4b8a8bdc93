"""What a browser gets beside the API."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(settings, tmp_path):
    tmp_path.joinpath("index.html").write_text("<title>Stackyard</title>")
    settings.FRONTEND = tmp_path


@pytest.mark.parametrize("path", ["/", "/competitions/spooky", "/invite/abc", "/apiary"])
def test_every_other_address_is_the_page(built, path):
    answer = Client().get(path)

    assert (answer.status_code, answer.content) == (200, b"<title>Stackyard</title>")
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_nothing_may_be_loaded_from_elsewhere(built):
    rules = Client().get("/")["Content-Security-Policy"]

    assert "http" not in rules
    assert "unsafe-eval" not in rules
    assert "script-src" not in rules


@pytest.mark.parametrize("path", ["/assets/gone.js", "/static/gone.css"])
def test_a_missing_asset_is_missing(built, path):
    assert Client().get(path).status_code == 404


def test_where_the_page_is_not_built_it_says_how(settings, tmp_path):
    settings.FRONTEND = tmp_path / "none"
    answer = Client().get("/")

    assert (answer.status_code, b"make setup" in answer.content) == (503, True)
