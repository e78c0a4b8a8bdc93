import numpy as np
import pytest
from stackyard.contract.contract import Contract


@pytest.fixture
def contract():
    """Three classes, six train rows in two folds, four test rows."""
    return Contract(
        slug="trio",
        task="multiclass",
        metric="multiclass_log_loss",
        id_column="id",
        classes=("a", "b", "c"),
        train_ids=["007", "1e5", " x ", "é", "5", "6"],
        test_ids=["t1", "t2", "t3", "t4"],
        folds=np.array([0, 1, 0, 1, 0, 1]),
    )


@pytest.fixture
def tagged():
    """Two labels, three train rows, three test rows, and a tag column."""
    return Contract(
        slug="tagged",
        task="multilabel",
        metric="f_beta_samples_score",
        id_column="image",
        classes=("clear", "haze"),
        train_ids=["r1", "r2", "r3"],
        test_ids=["t1", "t2", "t3"],
        tags_column="tags",
    )


def one_column(task="binary"):
    return Contract("one", task, "roc_auc_score", "id", ("p",), ["x", "y", "z"], ["t"])
