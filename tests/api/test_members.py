"""Members, tokens and invitations."""

from tests.world import Person

PASSWORD = "a good long secret"


def error_of(answer):
    return answer.status_code, answer.json()["error"]


def test_members_are_listed_by_name(world):
    assert [(row["user"], row["role"]) for row in world.reader.get("members").json()] == [
        ("admin", "admin"),
        ("member", "member"),
        ("reader", "reader"),
    ]


def test_an_admin_changes_roles_and_removes_members(world):
    assert world.admin.patch("members/reader", {"role": "member"}).json()["role"] == "member"
    assert world.admin.delete("members/member").status_code == 204
    assert world.member.get("me").status_code == 401


def test_the_last_admin_stays(world):
    assert error_of(world.admin.delete("members/admin")) == (409, "WrongState")
    assert error_of(world.admin.patch("members/admin", {"role": "reader"})) == (409, "WrongState")


def test_other_teams_members_do_not_exist(world):
    assert error_of(world.rival.delete("members/member")) == (404, "NotFound")


def test_a_tokens_secret_is_shown_once(world):
    made = world.reader.post("tokens", {"label": "notebook", "scope": "read"})
    secret = made.json().pop("token")

    assert made.status_code == 201
    assert secret not in world.reader.get("tokens").content.decode()
    assert {row["label"] for row in world.reader.get("tokens").json()} == {"tests", "notebook"}


def test_a_revoked_token_is_gone(world):
    made = world.reader.post("tokens", {"label": "notebook", "scope": "read"}).json()
    client = Person()
    client.credentials(HTTP_AUTHORIZATION=f"Token {made['token']}")
    assert client.get("me").status_code == 200
    assert world.reader.delete(f"tokens/{made['id']}").status_code == 204

    assert client.get("me").status_code == 401


def test_a_token_makes_no_wider_and_no_longer_lived_one(world):
    narrow = Person(world.admin.membership, scope="read")

    assert error_of(narrow.post("tokens", {"label": "wide", "scope": "admin"})) == (403, "ScopeTooNarrow")
    assert error_of(world.member.post("tokens", {"label": "wide", "scope": "admin"})) == (403, "ScopeTooNarrow")
    long = narrow.post("tokens", {"label": "long", "scope": "read", "days": 366}).json()
    assert long["expires_at"] <= narrow.get("me").json()["expires_at"]


def test_a_token_revokes_no_wider_one(world):
    wide = world.admin.get("tokens").json()[0]["id"]

    assert error_of(Person(world.admin.membership, scope="read").delete(f"tokens/{wide}")) == (403, "ScopeTooNarrow")


def test_another_members_token_does_not_exist(world):
    theirs = world.member.get("tokens").json()[0]["id"]

    assert error_of(world.admin.delete(f"tokens/{theirs}")) == (404, "NotFound")
    assert error_of(world.admin.delete("tokens/a")) == (404, "NotFound")


def test_a_link_lets_somebody_new_in_once(world):
    link = world.admin.post("invitations", {"role": "member"}).json()["link"]
    secret = link.removeprefix("/invite/")
    shown = world.nobody.get(f"invitations/by-link/{secret}").json()
    browser = Person()
    joined = browser.post(f"invitations/by-link/{secret}/accept", {"username": "new", "password": PASSWORD})

    assert (shown["team"], shown["role"]) == ("forest", "member")
    assert (joined.status_code, joined.json()["user"], joined.json()["team"]) == (200, "new", "forest")
    assert browser.get("me").json()["user"] == "new"
    assert error_of(Person().post(f"invitations/by-link/{secret}/accept", {"username": "late", "password": PASSWORD})) == (
        404,
        "InvitationInvalid",
    )
    assert [row["used_by"] for row in world.admin.get("invitations").json()] == ["new"]


def test_a_link_is_shown_once(world):
    link = world.admin.post("invitations", {"role": "member"}).json()["link"]

    assert link not in world.admin.get("invitations").content.decode()


def test_a_known_name_joins_only_with_its_password(world):
    first = world.admin.post("invitations", {"role": "member"}).json()["link"].removeprefix("/invite/")
    Person().post(f"invitations/by-link/{first}/accept", {"username": "new", "password": PASSWORD})
    second = world.rival.post("invitations", {"role": "reader"}).json()["link"].removeprefix("/invite/")

    wrong = Person().post(f"invitations/by-link/{second}/accept", {"username": "new", "password": "a guessed secret"})
    right = Person().post(f"invitations/by-link/{second}/accept", {"username": "new", "password": PASSWORD})
    assert error_of(wrong) == (401, "NotLoggedIn")
    assert (right.json()["team"], [row["team"] for row in right.json()["teams"]]) == ("rivals", ["forest", "rivals"])


def test_a_poor_password_does_not_use_up_the_link(world):
    secret = world.admin.post("invitations", {"role": "member"}).json()["link"].removeprefix("/invite/")

    refused = Person().post(f"invitations/by-link/{secret}/accept", {"username": "new", "password": "short"})
    assert (error_of(refused), refused.json()["rows"][0]["field"]) == ((400, "InvalidRequest"), "password")
    assert world.nobody.get(f"invitations/by-link/{secret}").status_code == 200


def test_an_invitation_can_be_withdrawn(world):
    made = world.admin.post("invitations", {"role": "member"}).json()

    assert error_of(world.rival.delete(f"invitations/{made['id']}")) == (404, "NotFound")
    assert world.admin.delete(f"invitations/{made['id']}").status_code == 204
    assert world.nobody.get(f"invitations/by-link/{made['link'].removeprefix('/invite/')}").status_code == 404


def test_the_audit_names_the_newest_first(world):
    world.admin.post("invitations", {"role": "member"})
    rows = world.admin.get("audit?limit=2").json()

    assert (len(rows), rows[0]["verb"], rows[0]["actor"], rows[0]["detail"].keys()) == (2, "invitation made", "admin", {"expires_at"})
