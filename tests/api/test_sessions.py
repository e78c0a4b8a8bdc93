"""Browsers: log in, switch teams, log out."""

import pytest
from django.conf import settings
from stackyard.accounts.services import add_member, set_password

from tests.world import Person

PASSWORD = "a good long secret"


@pytest.fixture
def browser(world):
    """A browser of the member's, with a password to give, that is checked for CSRF as real ones are."""
    set_password(world.member.user, PASSWORD)
    client = Person()
    client.handler.enforce_csrf_checks = True
    return client


def log_in(client, username="member", password=PASSWORD, **more):
    return client.post("auth/login", {"username": username, "password": password, **more})


def csrf(client):
    client.get("me")
    return {"X-CSRFToken": client.cookies["csrftoken"].value}


def audit(world):
    return [(row["verb"], row["actor"], row["subject"]) for row in world.admin.get("audit").json()]


def test_a_login_begins_a_session(world, browser):
    answer = log_in(browser)

    assert (answer.status_code, answer.json()["user"], answer.json()["scope"]) == (200, "member", "upload")
    assert browser.get("me").json()["team"] == "forest"
    assert ("login", "member", "member") in audit(world)


def test_a_wrong_password_is_refused_and_written_down(world, browser):
    answer = log_in(browser, password="wrong")

    assert (answer.status_code, answer.json()["error"]) == (401, "NotLoggedIn")
    assert ("login failed", None, "member") in audit(world)
    assert browser.get("me").status_code == 401


def test_an_unknown_name_is_refused_in_the_same_words(browser, world):
    assert log_in(browser, username="nobody").json() == log_in(browser, password="wrong").json()


def test_too_many_failures_are_refused_even_with_the_right_password(browser, world):
    refused = [log_in(browser, password="wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    answer = log_in(browser)

    assert [refused[0].json()["error"], refused[-1].json()["error"]] == ["NotLoggedIn", "TooManyAttempts"]
    assert (answer.status_code, answer.json()["error"]) == (429, "TooManyAttempts")


def test_a_login_makes_a_fresh_session_key(browser, world):
    log_in(browser)
    first = browser.cookies["sessionid"].value
    log_in(browser)

    assert browser.cookies["sessionid"].value != first


def test_a_change_needs_the_csrf_token(browser, world):
    log_in(browser)
    refused = browser.post("auth/logout")

    assert (refused.status_code, refused.json()["error"]) == (403, "CsrfFailed")
    assert browser.post("auth/logout", headers=csrf(browser)).status_code == 204
    assert browser.get("me").json()["error"] == "NotLoggedIn"


def test_a_stale_session_keeps_nobody_from_logging_in(browser, world):
    log_in(browser)
    browser.cookies["sessionid"] = "stale"

    assert log_in(browser).status_code == 200


def test_a_session_works_in_one_team_at_a_time(world, browser):
    add_member(world.rivals, world.member.user, "admin")
    assert log_in(browser).json()["team"] == "forest"
    switched = browser.post("auth/team", {"team": "rivals"}, headers=csrf(browser))

    assert (switched.json()["team"], switched.json()["scope"]) == ("rivals", "admin")
    assert [row["user"] for row in browser.get("members").json()] == ["member", "rival"]
    assert log_in(browser, team="rivals").json()["team"] == "rivals"


def test_nobody_switches_to_a_team_they_are_not_in(world, browser):
    log_in(browser)

    answer = browser.post("auth/team", {"team": "rivals"}, headers=csrf(browser))
    assert (answer.status_code, answer.json()["error"]) == (404, "NotFound")
    assert log_in(Person(), team="rivals").status_code == 404


def test_a_token_stays_in_its_team(world):
    assert world.member.post("auth/team", {"team": "forest"}).json()["error"] == "WrongState"


def test_who_was_removed_is_no_longer_logged_in(world, browser):
    log_in(browser)
    world.admin.delete("members/member")

    assert browser.get("me").status_code == 401
    assert log_in(browser).status_code == 401
