"""Six models of different kinds: what three members might each have lying in their own folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from stackyard.demo.world import World

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Learner:
    """One member's model: `build` makes a scikit-learn classifier anew for each fold."""

    owner: str
    name: str
    build: Callable[[], Any]


LEARNERS = (
    Learner("ada", "logistic-pixels", lambda: make_pipeline(MinMaxScaler(), LogisticRegression(C=1.0, max_iter=500))),
    Learner("ada", "lda", lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")),
    Learner("boris", "extra-trees", lambda: ExtraTreesClassifier(150, min_samples_leaf=1, random_state=0)),
    Learner("boris", "nearest-neighbours", lambda: KNeighborsClassifier(7, weights="distance")),
    Learner("chen", "perceptron", lambda: make_pipeline(StandardScaler(), MLPClassifier((64,), alpha=1.0, tol=1e-3, random_state=0))),
    Learner("chen", "naive-bayes", lambda: make_pipeline(StandardScaler(), GaussianNB(var_smoothing=0.05))),
)


def train(learner: Learner, world: World, folds: list[list[int]]) -> tuple[Floats, Floats]:
    """Return OOF (n_train, 10) and test (n_test, 10) probabilities: fitted on folds != k, predicted on fold k; test is the mean.

    folds: row positions of each fold, as `Client.folds(slug, "positions")` gives them.
    """
    oof = np.empty((len(world.train_ids), 10))
    test = np.zeros((len(world.test_ids), 10))
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(oof)), held_out)
        model = learner.build().fit(world.train_images[rest], world.train_truth[rest])
        oof[held_out] = model.predict_proba(world.train_images[held_out])
        test += model.predict_proba(world.test_images) / len(folds)
    return oof, test
