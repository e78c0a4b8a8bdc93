"""`manage.py create_member NAME --team TEAM --role ROLE --print-token`: a member, and a token to begin with."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from stackyard.accounts.models import Membership, Role
from stackyard.accounts.ranks import WIDEST_SCOPE
from stackyard.accounts.services import TOKEN_DAYS, ensure_member, issue_token, set_password
from stackyard.errors import StackyardError


class Command(BaseCommand):
    """Make what is missing of user, team and membership; say what was made, or print nothing but a token."""

    help = "Create a member of a team (and the user and the team, where they are missing)."
    # The check of all addresses loads the whole API, which this command does not need.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the command line."""
        parser.add_argument("name", help="user name")
        parser.add_argument("--team", required=True, help="the team's short name (letters, digits, - and _)")
        parser.add_argument("--role", choices=Role.values, help="default: the role they have, or member")
        parser.add_argument("--print-token", action="store_true", help="print a new token, and nothing else")
        parser.add_argument("--days", type=int, default=TOKEN_DAYS, help="how long the token lives")
        parser.add_argument("--password-stdin", action="store_true", help="read a password for the browser from the standard input")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run it; a named error becomes one line on stderr and exit code 1."""
        self._refuse_unmigrated()
        password = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else None
        try:
            membership, made = ensure_member(options["name"], options["team"], options["role"])
            if password is not None:
                set_password(membership.user, password)
            if options["print_token"]:
                _, secret = issue_token(membership, WIDEST_SCOPE[Role(membership.role)], options["days"], label="create_member")
                self.stdout.write(secret)
                return
        except StackyardError as refused:
            raise CommandError(f"{refused.code}: {refused.detail}") from refused
        self.stdout.write(describe(membership, made))

    def _refuse_unmigrated(self) -> None:
        connection = connections[DEFAULT_DB_ALIAS]
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("the database is not up to date: run `python manage.py migrate` first (`python manage.py up` does it too)")


def describe(membership: Membership, made: list[str]) -> str:
    """Return one sentence on who is now what, and what was made for it."""
    news = f" (made: {', '.join(made)})" if made else " (nothing was missing)"
    return f"{membership.user.username} is {membership.role} of team {membership.team.slug}{news}"
