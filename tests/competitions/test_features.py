"""A competition's own features, entered by HTTP."""

import numpy as np
import pytest
from stackyard.competitions.models import Competition
from stackyard.storage.queries import load_array

from tests.predictions.desk import COINS, COINS_FILES, ROWS, create

pytestmark = pytest.mark.usefixtures("eager_tasks")

IDS = [*(f"c{row}" for row in range(ROWS)), "t0", "t1"]


def make(world, lines):
    text = "id,weight\n" + "".join(f"{line}\n" for line in lines)
    return create(world.admin, {**COINS, "features": "features.csv"}, {**COINS_FILES, "features.csv": text})


def test_features_are_kept_in_the_order_of_rows_and_named_by_digest(world):
    make(world, [f"{name},{place}" for place, name in reversed(list(enumerate(IDS)))])
    row = world.reader.get("competitions/coins").json()

    assert (row["state"], row["features"]["columns"]) == ("open", ["weight"])
    assert row["features"]["digest"] == Competition.objects.get().features_digest
    assert np.array_equal(load_array(row["features"]["digest"]), np.arange(14, dtype=np.float32)[:, None])


def test_features_that_do_not_fit_reject_the_competition_with_reasons(world):
    make(world, [f"{name},1" for name in IDS[2:]])
    row = world.reader.get("competitions/coins").json()

    assert (row["state"], row["features"]) == ("rejected", None)
    assert (row["errors"][0]["error"], row["errors"][0]["count"]) == ("FeaturesInvalid", 2)
    assert [bad["id"] for bad in row["errors"][0]["rows"]] == ["c0", "c1"]
