"""What a decision is asked for with: the competition's label groups where it has some and the decision can use them. Light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.competitions.models import Competition
from stackyard.competitions.queries import label_groups_of
from stackyard.errors import RecipeInvalid
from stackyard.numerics.decisions import decision_for
from stackyard.numerics.label_groups import groups_named
from stackyard.numerics.metrics import metric_for

GROUPS = "label_groups"


def asked_decision(competition: Competition, asked: str | Mapping[str, Any]) -> str | dict[str, Any]:
    """Return a decision as numerics takes it: its name where there are no settings, else a table, labels by position.

    asked: a name, or a table with name, calibration and label_groups; without the last the competition's own are used where they can be,
    with an empty list none are. What this returns comes out of it unchanged.
    Raises RecipeInvalid for what is unknown or does not fit task, metric or classes.
    """
    table: dict[str, Any] = {"name": asked} if isinstance(asked, str) else {"name": "auto", **asked}
    metric = metric_for(competition.metric, competition.task)
    given = table.pop(GROUPS, None)
    decision = decision_for(table, competition.task, metric, competition.metric_options)
    if given is None and GROUPS in decision.takes:
        given = label_groups_of(competition) or None
    if given is not None:
        table[GROUPS] = [group.as_json() for group in groups_named(_listed(given), competition.classes)]
    decision_for(table, competition.task, metric, competition.metric_options)
    return table["name"] if set(table) == {"name"} else table


def _listed(groups: object) -> list[Any]:
    if isinstance(groups, list):
        return groups
    raise RecipeInvalid(f"expected label_groups to be a list of tables, got {groups!r}")
