"""Users, teams, memberships, tokens, audit."""
