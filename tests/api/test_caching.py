"""Pages poll: what has not changed is answered by 304."""

from tests.world import API


def test_an_unchanged_answer_is_not_sent_again(world):
    first = world.reader.get("members")
    again = world.reader.get("members", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"] == "private, no-cache"


def test_a_changed_answer_is(world):
    first = world.reader.get("members")
    world.admin.patch("members/reader", {"role": "member"})

    assert world.reader.get("members", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_who_may_not_see_it_does_not_learn_that_it_is_unchanged(world):
    first = world.reader.get("members")

    assert world.nobody.get("members", headers={"If-None-Match": first["ETag"]}).status_code == 401


def test_health_needs_nobody(world):
    answer = world.nobody.get(f"{API}health", headers={"Authorization": "Token stale"})

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
