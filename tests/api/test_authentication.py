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
