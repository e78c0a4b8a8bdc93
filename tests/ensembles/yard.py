"""Open competitions on real data that ships with scikit-learn, and real models' predictions in them, made without a queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from stackyard.competitions.models import Competition, CompetitionState, FoldSet
from stackyard.contract.contract import Contract
from stackyard.contract.digests import canonical_json
from stackyard.contract.samples import Sample
from stackyard.predictions.models import Prediction
from stackyard.predictions.services import receive_computed
from stackyard.scoring.services import score_prediction
from stackyard.storage.services import store_array, store_bytes

from tests.world import Person

FOLDS = 4
TEST_SHARE = 5  # every fifth row is a test row


@dataclass(frozen=True)
class Subject:
    """A learning problem: rows, truth, what it is called."""

    task: str
    metric: str
    classes: tuple[str, ...]
    kind: str
    """Of the sample submission."""
    features: np.ndarray
    truth: np.ndarray
    options: dict[str, float] = field(default_factory=dict)

    @property
    def is_test(self) -> np.ndarray:
        return np.arange(len(self.truth)) % TEST_SHARE == TEST_SHARE - 1


def _iris() -> Subject:
    data = load_iris()
    # features with noise, so that there is something left to gain
    noisy = data.data + np.random.default_rng(0).normal(0, 0.6, data.data.shape)
    classes = tuple(str(name) for name in data.target_names)
    return Subject("multiclass", "multiclass_log_loss", classes, "probabilities", noisy, data.target.astype(np.int64))


def _tags() -> Subject:
    data = load_digits(n_class=10)
    digits = data.target[:400]
    truth = np.stack([digits % 2 == 0, digits >= 5, np.isin(digits, (2, 3, 5, 7)), digits == 0], axis=1)
    classes = ("even", "large", "prime", "zero")
    noisy = data.data[:400] + np.random.default_rng(0).normal(0, 6, (400, 64))
    return Subject("multilabel", "f_beta_samples_score", classes, "tags", noisy, truth, {"beta": 2.0})


def _cancer() -> Subject:
    data = load_breast_cancer()
    noisy = data.data[:300] + np.random.default_rng(0).normal(0, 1, (300, 30)) * data.data.std(axis=0)
    return Subject("binary", "binary_log_loss", ("malignant",), "probabilities", noisy, data.target[:300] == 0)


def _diabetes() -> Subject:
    data = load_diabetes()
    return Subject("regression", "rmse_loss", ("progression",), "values", data.data, data.target)


SUBJECTS = {"iris": _iris, "tags": _tags, "cancer": _cancer, "diabetes": _diabetes}


@cache
def subject(name: str) -> Subject:
    return SUBJECTS[name]()


def _models(task: str) -> dict[str, Any]:
    if task == "regression":
        return {"line": LinearRegression(), "near": KNeighborsRegressor(15), "tree": DecisionTreeRegressor(max_depth=4, random_state=0)}
    return {
        "line": make_pipeline(StandardScaler(), LogisticRegression()),
        "near": KNeighborsClassifier(15),
        "tree": DecisionTreeClassifier(max_depth=5, min_samples_leaf=5, random_state=0),
        "bayes": GaussianNB(),
    }


@cache
def predictions_of(name: str, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a model's out-of-fold and test predictions, float32, made on the competition's folds."""
    data = subject(name)
    learn, test = ~data.is_test, data.is_test
    features, truth, folds = data.features[learn], data.truth[learn], folds_of(name)
    width = () if data.task in {"binary", "regression"} else (len(data.classes),)
    oof = np.empty((len(truth), *width), np.float32)
    sums = np.zeros((int(test.sum()), *width))
    for fold in range(FOLDS):
        inside = folds == fold
        oof[inside] = _fit_predict(data.task, model, features[~inside], truth[~inside], features[inside])
        sums += _fit_predict(data.task, model, features[~inside], truth[~inside], data.features[test])
    return oof, (sums / FOLDS).astype(np.float32)


def _fit_predict(task: str, model: str, features: np.ndarray, truth: np.ndarray, asked: np.ndarray) -> np.ndarray:
    if task == "multilabel":
        return np.stack([_positive(model, features, column, asked) for column in truth.T], axis=1)
    if task == "binary":
        return _positive(model, features, truth, asked)
    fitted = _models(task)[model].fit(features, truth)
    return fitted.predict(asked) if task == "regression" else fitted.predict_proba(asked)


def _positive(model: str, features: np.ndarray, truth: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return _models("binary")[model].fit(features, truth).predict_proba(asked)[:, 1]


def folds_of(name: str) -> np.ndarray:
    """Return the fold of each train row: dealt within each class, or along the sorted values."""
    data = subject(name)
    truth = data.truth[~data.is_test]
    order = np.lexsort(truth.T) if truth.ndim == 2 else np.argsort(truth, kind="stable")
    folds = np.empty(len(truth), np.int16)
    folds[order] = np.arange(len(truth)) % FOLDS
    return folds


def open_competition(person: Person, name: str, slug: str | None = None, **changes: Any) -> Competition:
    """Keep an open competition as a worker would have left it."""
    data, team = subject(name), person.membership.team
    rows = np.arange(len(data.truth))
    contract = Contract(
        slug=slug or name,
        task=data.task,
        metric=data.metric,
        id_column="id",
        classes=data.classes,
        train_ids=[f"row-{row}" for row in rows[~data.is_test]],
        test_ids=[f"row-{row}" for row in rows[data.is_test]],
        metric_options=data.options,
        folds=folds_of(name),
        tags_column="tags" if data.kind == "tags" else None,
        empty_tags_allowed=True,
    )
    columns = ("tags",) if data.kind == "tags" else data.classes
    sample = Sample(contract.test_ids, ("id", *columns), "id", data.kind, data.classes)
    fields = {
        "task": data.task,
        "metric": data.metric,
        "metric_options": data.options,
        "higher_is_better": data.metric.endswith("_score"),
        "spec": {},
        "id_column": "id",
        "classes": list(data.classes),
        "train_rows": len(contract.train_ids),
        "test_rows": len(contract.test_ids),
        "sample": sample.as_json(),
        "tags_column": contract.tags_column or "",
        "state": CompetitionState.OPEN,
        "truth_digest": store_array(team.pk, data.truth[~data.is_test]),
        "contract_digest": store_bytes(team.pk, canonical_json(contract.as_json(with_ids=True)).encode()),
    }
    made = Competition.objects.create(team=team, slug=contract.slug, name=name, created_by=person.user, **{**fields, **changes})
    FoldSet.objects.create(
        competition=made,
        digest=contract.folds_digest,
        count=FOLDS,
        made_by="file",
        array_digest=store_array(team.pk, folds_of(name)),
    )
    return made


def keep_prediction(person: Person, competition: Competition, model: str, with_test: bool = True, **changes: Any) -> Prediction:
    """Put a model's predictions through the one door, and score them."""
    oof, test = predictions_of(competition.name, model)
    fields = {"name": model, "level": 1, "recipe": {"model": model}, "parents": [], **changes}
    folds = competition.fold_sets.get(active=True)
    prediction = receive_computed(competition, folds, person.user, oof=oof, test=test if with_test else None, **fields)
    score_prediction(prediction)
    return prediction
