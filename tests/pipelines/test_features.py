import numpy as np
import pytest

from pipelines.data import read_dataset
from pipelines.errors import DataInvalid
from pipelines.features import read_features
from pipelines.recipe_toml import but, from_json
from tests.pipelines.digits import lay_out_digits

TEXT = "id,width,same\na,1,5\nb,3,5\nc,5,5\nt,7,6\n"


def test_features_are_standardised_over_the_train_rows_alone(tmp_path):
    (tmp_path / "features.csv").write_text(TEXT)
    features = read_features(tmp_path / "features.csv", "id", ["c", "a", "b"], ["t"])

    assert (features.names, features.train.dtype) == (("width", "same"), np.float32)
    np.testing.assert_allclose(features.train, np.array([[1, 0], [-1, 0], [0, 0]]) * np.sqrt(1.5), rtol=1e-6)
    np.testing.assert_allclose(features.test, [[2 * np.sqrt(1.5), 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("b,3,5\n", ""), "every train and test id in .*got none for 'b'"),
        (TEXT + "a,1,1\n", "each id once in .*got 1 again"),
        (TEXT.replace("3", "wide"), "expected numbers in column 'width'"),
        (TEXT.replace("3", "nan"), "finite numbers in column 'width' .*got 'nan' for id 'b'"),
        ("name,width\na,1\n", "expected a column 'id' and others"),
        ("id\na\n", "expected a column 'id' and others"),
    ],
)
def test_features_that_do_not_fit_are_refused(tmp_path, text, said):
    (tmp_path / "features.csv").write_text(text)

    with pytest.raises(DataInvalid, match=said):
        read_features(tmp_path / "features.csv", "id", ["a", "b", "c"], ["t"])


def test_a_net_with_features_needs_a_file_of_them(tmp_path):
    folder = lay_out_digits(tmp_path / "digits", rows=100)
    recipe = from_json({"name": "a", "net": {"name": "tiny", "features": True}, "data": {"channels": 1}, "phases": [{"epochs": 1}]})
    with pytest.raises(DataInvalid, match=r"expected data\.features in the recipe or features in data\.toml"):
        read_dataset(folder, folder / "folds.csv", recipe, store=tmp_path)

    rows = (folder / "labels.csv").read_text().splitlines()[1:]
    (folder / "ink.csv").write_text("\n".join(["id,ink", *(f"{line.split(',')[0]},{number}" for number, line in enumerate(rows))]))
    data = read_dataset(folder, folder / "folds.csv", but(recipe, **{"data.features": "ink.csv"}), store=tmp_path)

    assert data.features.train.shape == (100, 1)
