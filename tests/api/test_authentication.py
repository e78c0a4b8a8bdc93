"""Tokens: who asks."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone
from stackyard.accounts.models import Token

from tests.world import API, Person


def test_a_token_says_who_asks_and_in_which_team(world):
    answer = world.member.get("me")

    assert answer.status_code == 200
    assert answer.json() | {"expires_at": None} == {
        "user": "member",
        "team": "forest",
        "team_name": "The Forest",
        "role": "member",
        "scope": "upload",
        "teams": [{"team": "forest", "name": "The Forest", "role": "member"}],
        "expires_at": None,
    }


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "got neither"),
        ("Bearer abc", "got neither"),
        ("Token", "No credentials"),
        ("Token a b", "should not contain spaces"),
        ("Token abc", "unknown or revoked"),
        ("Token \xe9", "unknown or revoked"),
    ],
)
def test_anything_else_is_not_logged_in(world, header, said):
    answer = world.nobody.get("me", headers={"Authorization": header} if header else {})

    assert (answer.status_code, answer.json()["error"]) == (401, "NotLoggedIn")
    assert said in answer.json()["detail"]
    assert answer["WWW-Authenticate"] == "Token"


def test_an_expired_token_says_when_it_expired(world):
    Token.objects.filter(pk=world.member.token.pk).update(expiry=timezone.now() - timedelta(seconds=1))

    answer = world.member.get("me")
    assert (answer.status_code, answer.json()["error"]) == (401, "NotLoggedIn")
    assert "expired on" in answer.json()["detail"]


def test_a_revoked_token_opens_nothing(world):
    world.member.token.delete()

    assert world.member.get("me").json()["error"] == "NotLoggedIn"


def test_a_user_who_was_switched_off_is_not_logged_in(world):
    world.member.user.is_active = False
    world.member.user.save()

    assert world.member.get("me").json()["error"] == "NotLoggedIn"


def test_a_token_is_bound_to_one_team_although_its_user_is_in_two(world):
    abroad = world.join("traveller", "reader")
    home = Person(world.join_as(abroad.user, "admin", world.rivals))

    assert abroad.get("me").json()["team"] == "forest"
    assert home.get("me").json()["team"] == "rivals"


def test_a_token_does_no_more_than_its_scope_although_its_member_may(world):
    narrow = Person(world.admin.membership, scope="upload")

    answer = narrow.post("invitations", {"role": "member"})
    assert (answer.status_code, answer.json()["error"]) == (403, "ScopeTooNarrow")
    assert answer.json()["detail"] == "expected a token with scope admin or wider, got upload"


def test_a_wide_token_does_no_more_than_its_member_may_by_now(world):
    world.admin.post("tokens", {"label": "wide", "scope": "admin"})
    world.admin.patch("members/reader", {"role": "admin"})
    world.admin.patch("members/admin", {"role": "member"})

    answer = world.admin.get("invitations")
    assert (answer.status_code, answer.json()["error"]) == (403, "RoleTooLow")
    assert answer.json()["detail"] == "expected role admin or higher in team forest, got member"


def test_secrets_are_in_no_log(world, caplog, rf):
    caplog.set_level(logging.DEBUG)
    made = world.member.post("tokens", {"label": "new", "scope": "read"}).json()["token"]
    Person(world.member.membership).get("me")
    world.nobody.get("me", headers={"Authorization": f"Token {made}x"})
    world.nobody.post("auth/login", {"username": "member", "password": made})

    for secret in (made, world.member.secret):
        assert secret not in caplog.text


def test_the_use_of_a_token_is_noted(world):
    world.member.get("me")

    assert [row["last_used_at"] is None for row in world.member.get("tokens").json()] == [False]
    assert world.member.get(f"{API}tokens").status_code == 200
