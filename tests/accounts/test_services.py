"""Who joins, who leaves, who may do what."""

from datetime import timedelta

import pytest
from django.utils import timezone
from stackyard.accounts.models import AuditEvent, Membership, Token
from stackyard.accounts.queries import audit_of, membership_for, open_invitation, token_of_secret
from stackyard.accounts.services import (
    accept_invitation,
    add_member,
    change_role,
    create_team,
    create_user,
    ensure_member,
    invite,
    issue_token,
    note_use,
    remove_member,
    revoke_token,
    withdraw_invitation,
)
from stackyard.errors import InvalidRequest, InvitationInvalid, NameTaken, RoleTooLow, WrongState

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return create_team("forest")


@pytest.fixture
def admin(team):
    return add_member(team, create_user("ada"), "admin")


@pytest.fixture
def member(team, admin):
    return add_member(team, create_user("mo"), "member", actor=admin.user)


def verbs_of(team):
    return [event.verb for event in audit_of(team, 100)]


def test_names_are_taken_only_once(team, member):
    with pytest.raises(NameTaken):
        create_team("forest")
    with pytest.raises(NameTaken):
        create_user("mo")
    with pytest.raises(NameTaken):
        add_member(team, member.user, "reader")


@pytest.mark.parametrize("name", ["no spaces", "", "a/b"])
def test_names_must_fit_into_addresses(name):
    with pytest.raises(InvalidRequest):
        create_team(name)
    with pytest.raises(InvalidRequest):
        create_user(name)


@pytest.mark.parametrize("password", ["short", "password1234"])
def test_a_password_that_is_easily_guessed_is_refused(password):
    with pytest.raises(InvalidRequest) as refused:
        create_user("mo", password)
    assert refused.value.rows[0]["field"] == "password"


def test_the_last_admin_can_neither_leave_nor_step_down(team, admin, member):
    for change in (lambda: remove_member(admin, admin.user), lambda: change_role(admin, "member", admin.user)):
        with pytest.raises(WrongState, match="keep an admin"):
            change()
    change_role(member, "admin", admin.user)
    change_role(admin, "reader", member.user)

    assert membership_for(admin.user).role == "reader"


def test_a_member_who_leaves_takes_their_tokens_along(team, admin, member):
    _, secret = issue_token(member, "upload")
    remove_member(member, admin.user)

    assert token_of_secret(secret) is None
    assert membership_for(member.user) is None


def test_only_the_digest_of_a_token_is_kept(member):
    token, secret = issue_token(member, "read", days=30, label="notebook")

    kept = Token.objects.filter(pk=token.pk).values().get()
    assert secret not in str(kept)
    assert token_of_secret(secret) == token
    assert token.expiry - timezone.now() > timedelta(days=29)


def test_a_token_is_no_wider_than_its_member(member):
    with pytest.raises(RoleTooLow, match="role member"):
        issue_token(member, "admin")


def test_a_token_made_by_a_token_ends_no_later(member):
    ends = timezone.now() + timedelta(days=2)
    token, _ = issue_token(member, "read", days=90, no_later_than=ends)

    assert Token.objects.get(pk=token.pk).expiry == ends


def test_a_tokens_use_is_noted_at_most_once_a_minute(member):
    _, secret = issue_token(member, "read")
    start = timezone.now()
    for seconds in (0, 30, 59, 61):
        note_use(token_of_secret(secret), start + timedelta(seconds=seconds))
        if seconds < 60:
            assert token_of_secret(secret).last_used_at == start
    assert token_of_secret(secret).last_used_at == start + timedelta(seconds=61)


def test_an_invitation_lets_one_person_in_once(team, admin):
    _, secret = invite(team, "member", admin.user)
    invitation = open_invitation(secret, timezone.now())
    accept_invitation(invitation, create_user("new"))

    with pytest.raises(InvitationInvalid):
        accept_invitation(invitation, create_user("late"))
    with pytest.raises(InvitationInvalid):
        open_invitation(secret, timezone.now())
    assert not Membership.objects.filter(user__username="late").exists()


def test_an_invitation_of_someone_who_is_in_stays_open(team, admin, member):
    _, secret = invite(team, "admin", admin.user)
    with pytest.raises(NameTaken):
        accept_invitation(open_invitation(secret, timezone.now()), member.user)

    assert open_invitation(secret, timezone.now()).role == "admin"
    assert membership_for(member.user).role == "member"


def test_an_invitation_expires_and_can_be_withdrawn(team, admin):
    invitation, secret = invite(team, "member", admin.user)
    with pytest.raises(InvitationInvalid):
        open_invitation(secret, timezone.now() + timedelta(days=8))
    withdraw_invitation(invitation, admin.user)
    with pytest.raises(InvitationInvalid):
        open_invitation(secret, timezone.now())
    with pytest.raises(WrongState):
        withdraw_invitation(invitation, admin.user)


def test_everything_is_written_down(team, admin, member):
    token, _ = issue_token(member, "read", label="notebook")
    revoke_token(token, member.user)
    change_role(member, "reader", admin.user)
    _, secret = invite(team, "member", admin.user)
    accept_invitation(open_invitation(secret, timezone.now()), create_user("new"))
    remove_member(member, admin.user)

    assert verbs_of(team) == [
        "member removed",
        "invitation used",
        "member added",
        "invitation made",
        "role changed",
        "token revoked",
        "token issued",
        "member added",
        "member added",
    ]
    assert secret not in str(list(AuditEvent.objects.values()))


def test_ensuring_a_member_makes_only_what_is_missing():
    first = ensure_member("ada", "forest", "admin")
    again = ensure_member("ada", "forest", None)
    second = ensure_member("mo", "forest", None)
    raised = ensure_member("mo", "forest", "admin")

    assert [made for _, made in (first, again, second, raised)] == [["team", "user", "membership"], [], ["user", "membership"], ["role"]]
    assert (again[0].role, second[0].role, raised[0].role) == ("admin", "member", "admin")
