"""Which inputs a name takes, entered by HTTP."""

import pytest

from tests.ensembles.yard import keep_prediction, open_competition

pytestmark = pytest.mark.once


@pytest.fixture
def iris(world):
    competition = open_competition(world.admin, "iris")
    keep_prediction(world.member, competition, "line")
    keep_prediction(world.member, competition, "line", variant="tta")
    return competition


@pytest.mark.parametrize(
    ("only", "variants"),
    [(["member/line"], [""]), (["member/line:tta"], ["tta"]), (["line"], ["", "tta"]), (["member/line", "line:tta"], ["", "tta"])],
)
def test_a_full_name_is_exact_and_a_short_one_takes_all_variants(world, iris, only, variants):
    answer = world.admin.post(f"competitions/{iris.slug}/ensembles", {"only": only})

    assert answer.status_code == 202, answer.json()
    assert [row["variant"] for row in answer.json()["inputs"]] == variants
