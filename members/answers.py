"""What the server answers, key by key; more keys may come."""

from __future__ import annotations

from typing import Any, TypedDict

Fault = dict[str, Any]
"""{"error", "detail", "count", "rows"}: StackyardError.as_json."""


class Me(TypedDict, total=False):
    """Who asks, and in which team."""

    user: str
    team: str
    team_name: str
    role: str
    scope: str
    teams: list[dict[str, str]]
    expires_at: str | None


class Competition(TypedDict, total=False):
    """A competition: `preparing`, then `open`, or `rejected` with its errors."""

    slug: str
    name: str
    task: str
    metric: str
    metric_options: dict[str, Any]
    higher_is_better: bool
    state: str
    errors: list[Fault]
    warnings: list[str]
    id_column: str
    tags_column: str | None
    classes: list[str]
    label_groups: list[dict[str, Any]]
    features: dict[str, Any] | None
    train_rows: int
    test_rows: int
    sample: dict[str, Any]
    submissions_per_day: int
    deadline: str | None
    created_at: str
    created_by: str
    folds: dict[str, Any] | None
    predictions: int


class FoldsReport(TypedDict, total=False):
    """How many rows of each class each fold holds."""

    digest: str
    count: int
    made_by: str
    seed: int
    classes: list[str]
    sizes: list[int]
    counts: list[list[int]]
    warnings: list[str]


class Prediction(TypedDict, total=False):
    """An upload and what came of it: `receiving`, `partial`, `scored` or `rejected`."""

    id: int
    competition: str
    name: str
    variant: str
    version: int
    level: int
    owner: str
    state: str
    score: float | None
    low: float | None
    high: float | None
    in_sample: float | None
    gap: float | None
    mean: float | None
    std: float | None
    by_fold: list[float]
    by_class: list[dict[str, Any]]
    metric: str
    decision: dict[str, Any] | None
    errors: list[Fault]
    notes: list[str]
    parts: list[dict[str, Any]]
    missing_folds: list[int]
    has_test: bool
    oof_digest: str
    test_digest: str
    recipe: dict[str, Any]
    parents: list[dict[str, Any]]
    folds: str
    created_at: str
    scored_at: str | None
    url: str


class Check(TypedDict):
    """What `check` finds without sending anything: `valid` or `rejected`; the score is always null, since the labels stay on the server."""

    state: str
    score: None
    errors: list[Fault]
    notes: list[str]


class BoardRow(TypedDict, total=False):
    """A line of the leaderboard, best first."""

    rank: int | None
    id: int
    name: str
    owner: str
    level: int
    variant: str
    version: int
    score: float | None
    low: float | None
    high: float | None
    within_noise: bool | None
    in_sample: float | None
    gap: float | None
    mean: float | None
    std: float | None
    by_fold: list[float]
    folds: str
    state: str
    has_test: bool
    created_at: str


class Ensemble(TypedDict, total=False):
    """A stacking and blending run: `queued`, `running`, then `done`, `failed` or `cancelled`."""

    id: int
    name: str
    competition: str
    owner: str
    state: str
    progress: dict[str, Any]
    recipe: dict[str, Any]
    inputs: list[dict[str, Any]]
    score: float | None
    in_sample_score: float | None
    weights: dict[str, float]
    members: list[dict[str, Any]]
    decision: dict[str, Any]
    notes: list[str]
    predictions: list[dict[str, Any]]
    permuted: Any
    prediction: int | None
    prediction_name: str | None
    error: Any
    created_at: str
    started_at: str | None
    finished_at: str | None


class Submission(TypedDict, total=False):
    """A file handed to the competition's host, and what came of it."""

    id: int
    number: int
    competition: str
    prediction: dict[str, Any]
    owner: str
    state: str
    error: Any
    digest: str
    rows: int
    day: str
    public_score: float | None
    private_score: float | None
    note: str
    rebuild: dict[str, Any]
    created_at: str
    lineage: dict[str, Any]


class WrittenFile(TypedDict):
    """A submission's file as it lies on this machine."""

    id: int
    path: str
    digest: str
    rows: int
