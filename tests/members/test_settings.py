"""Where the server is and who asks."""

import json
import stat

import pytest
from stackyard.errors import NotConfigured

from members.settings import load_settings, login_path, save_login, tidy_url


@pytest.fixture
def login(home):
    """A remembered login."""
    return save_login(load_settings("http://kept.test", "kept"))


def test_a_login_is_remembered_for_its_owner_only(home, login):
    assert login == home / "client.json"
    assert stat.S_IMODE(login.stat().st_mode) == 0o600
    found = load_settings()
    assert (found.url, found.token) == ("http://kept.test", "kept")


def test_a_second_login_replaces_the_first_and_leaves_no_parts(home, login):
    save_login(load_settings("http://new.test", "new"))
    assert load_settings().token == "new"
    assert [path.name for path in home.iterdir()] == ["client.json"]


def test_without_a_home_the_login_lies_in_the_working_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("STACKYARD_HOME")
    assert login_path(load_settings("http://a.test", "t").home) == tmp_path / ".stackyard" / "client.json"


def test_the_environment_wins_over_the_login_and_arguments_over_both(monkeypatch, login):
    monkeypatch.setenv("STACKYARD_URL", "http://environment.test")
    monkeypatch.setenv("STACKYARD_TOKEN", "environment")
    assert (load_settings().url, load_settings().token) == ("http://environment.test", "environment")
    given = load_settings("http://given.test/", "given")
    assert (given.url, given.token) == ("http://given.test", "given")


def test_a_remembered_token_goes_to_its_own_server_only(monkeypatch, login):
    monkeypatch.setenv("STACKYARD_URL", "http://elsewhere.test")
    with pytest.raises(NotConfigured, match=r"expected a token for http://elsewhere\.test"):
        load_settings()


def test_without_anything_the_way_to_log_in_is_said(home):
    with pytest.raises(NotConfigured, match=r"got none as an argument, in STACKYARD_URL or in .*client\.json; run `stackyard login"):
        load_settings()


@pytest.mark.parametrize("url", ["server.test", "ftp://server.test", "http://", "http://a:b@server.test", "http://server.test?x=1"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(NotConfigured, match="expected an address"):
        tidy_url(url)


@pytest.mark.parametrize("token", ["two words", "new\nline", "naïve"])
def test_a_token_that_cannot_be_a_header_is_refused(token):
    with pytest.raises(NotConfigured, match="printable characters"):
        load_settings("http://server.test", token)


def test_a_damaged_login_is_named(home, login):
    login.write_text("{")
    with pytest.raises(NotConfigured, match=r"expected JSON in .*client\.json"):
        load_settings()


def test_the_login_holds_address_and_token_only(login):
    assert json.loads(login.read_text()) == {"url": "http://kept.test", "token": "kept"}
