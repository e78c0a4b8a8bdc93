"""`manage.py create_member`, as a script calls it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor
from stackyard.accounts.models import User
from stackyard.accounts.queries import token_of_secret

pytestmark = pytest.mark.django_db


def create(*arguments):
    out = StringIO()
    call_command("create_member", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(("role", "scope"), [("reader", "read"), ("member", "upload"), ("admin", "admin")])
def test_it_prints_only_a_token_as_wide_as_the_role(role, scope):
    printed = create("alice", "--team", "forest", "--role", role, "--print-token")

    assert printed == printed.strip() + "\n"
    token = token_of_secret(printed.strip())
    assert (token.user.username, token.membership.team.slug, token.membership.role, token.scope) == ("alice", "forest", role, scope)


def test_it_says_what_it_made():
    assert create("alice", "--team", "forest") == "alice is member of team forest (made: team, user, membership)\n"
    assert create("alice", "--team", "forest") == "alice is member of team forest (nothing was missing)\n"


def test_without_a_role_a_member_keeps_theirs():
    create("alice", "--team", "forest", "--role", "admin")

    assert create("alice", "--team", "forest") == "alice is admin of team forest (nothing was missing)\n"


def test_there_is_no_password_unless_one_is_read(monkeypatch):
    create("alice", "--team", "forest")
    assert not User.objects.get(username="alice").has_usable_password()

    monkeypatch.setattr("sys.stdin", StringIO("a good long secret\n"))
    create("alice", "--team", "forest", "--password-stdin")
    assert User.objects.get(username="alice").check_password("a good long secret")


def test_what_it_cannot_make_is_one_named_sentence():
    create("alice", "--team", "forest", "--role", "admin")

    with pytest.raises(CommandError, match="WrongState: expected team forest to keep an admin"):
        create("alice", "--team", "forest", "--role", "reader")
    with pytest.raises(CommandError, match="InvalidRequest"):
        create("alice", "--team", "no such name")


def test_a_database_that_is_not_migrated_is_named(monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_: ["0001"])

    with pytest.raises(CommandError, match=r"run `python manage.py migrate` first"):
        create("alice", "--team", "forest")
