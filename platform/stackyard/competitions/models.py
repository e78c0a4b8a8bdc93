"""A competition, its truth, and its frozen folds."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from stackyard.accounts.models import Team
from stackyard.work.models import Leased


class Task(models.TextChoices):
    """What is predicted."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


class CompetitionState(models.TextChoices):
    """`preparing` until a worker has read the files; then `open`, or `rejected` with reasons."""

    PREPARING = "preparing"
    OPEN = "open"
    REJECTED = "rejected"


class Competition(Leased):
    """Task, metric, classes, train ids and labels, test ids, submission format.

    Arrays and id lists are blobs, named here by digest; row i of every aligned array is the i-th train (or test) id.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="competitions")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=160)
    task = models.CharField(max_length=12, choices=Task)
    metric = models.CharField(max_length=60)
    metric_options = models.JSONField(default=dict)
    higher_is_better = models.BooleanField(default=True)
    # The parsed SPEC.toml, with its file names replaced by {"name", "digest"}.
    spec = models.JSONField()
    state = models.CharField(max_length=10, choices=CompetitionState, default=CompetitionState.PREPARING)
    errors = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    id_column = models.CharField(max_length=200)
    tags_column = models.CharField(max_length=200, blank=True)
    # Columns of a prediction file, in the order of every aligned array; one for binary and regression.
    classes = models.JSONField(default=list)
    train_rows = models.PositiveIntegerField(default=0)
    test_rows = models.PositiveIntegerField(default=0)
    # .npy of the truth, in the encoding of numerics.metrics.
    truth_digest = models.CharField(max_length=64, blank=True)
    # JSON: the whole contract with its ids (stackyard.contract.contract).
    contract_digest = models.CharField(max_length=64, blank=True)
    # .npy float32 (train rows + test rows, feature columns), train rows first; empty where the team gave none.
    features_digest = models.CharField(max_length=64, blank=True)
    feature_columns = models.JSONField(default=list)
    # {"kind": "probabilities" | "tags" | "labels" | "values", "columns": [...]}: the sample submission's form.
    sample = models.JSONField(default=dict)
    submissions_per_day = models.PositiveIntegerField(default=5)
    deadline = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "slug"], name="one_slug_a_team"),
            models.CheckConstraint(
                condition=~models.Q(state="open") | (~models.Q(truth_digest="") & ~models.Q(contract_digest="")),
                name="an_open_competition_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class FoldSet(models.Model):
    """One fold number for every train id; immutable; named by its digest."""

    competition = models.ForeignKey(Competition, models.CASCADE, related_name="fold_sets")
    digest = models.CharField(max_length=64)
    count = models.PositiveSmallIntegerField()
    # "stratified" | "quantile" | "grouped" | "file"
    made_by = models.CharField(max_length=12)
    seed = models.BigIntegerField(null=True)
    # .npy int16, row i = fold of the i-th train id.
    array_digest = models.CharField(max_length=64)
    # {"classes": [...], "sizes": [...], "counts": [[class][fold]], "warnings": [...]}
    report = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["competition", "digest"], name="one_fold_set_a_digest"),
            models.UniqueConstraint(fields=["competition"], condition=models.Q(active=True), name="one_active_fold_set"),
        ]
