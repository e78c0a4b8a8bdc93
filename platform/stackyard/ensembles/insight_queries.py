"""Read an insight: its state, and the last report."""

from __future__ import annotations

from typing import Any

from stackyard.competitions.models import Competition
from stackyard.ensembles.insights import count_scored
from stackyard.ensembles.models import Insight
from stackyard.errors import WrongState

NOT_ASKED = "none"
"""The state of a competition that has no scored level-1 prediction yet, or only ones that have just come."""
NO_REPORT: dict[str, Any] = {"models": [], "correlation": None, "clusters": [], "findings": [], "contributions": None, "notes": []}


def insight_row(competition: Competition) -> dict[str, Any]:
    """Return a competition's insight as the API answers it: the last report, whether or not a newer one is being made."""
    insight = Insight.objects.filter(competition=competition).first()
    scored = count_scored(competition)
    if insight is None:
        return {"state": NOT_ASKED, "outdated": scored > 0, "computed_at": None, "error": {}, **NO_REPORT}
    plain = {name: getattr(insight, name) for name in ("state", "computed_at", "error")}
    return {**plain, "outdated": insight.seen != scored, **NO_REPORT, **insight.report}


def report_of(competition: Competition) -> dict[str, Any]:
    """Return the last report; raise WrongState where there is none yet."""
    insight = Insight.objects.filter(competition=competition).first()
    if insight is None or not insight.report:
        state = NOT_ASKED if insight is None else insight.state
        raise WrongState(f"expected an insight of {competition.slug!r} that has been computed, its state is {state}")
    return insight.report
