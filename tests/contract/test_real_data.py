"""Real files of real teams, each with its own oddity."""

import gzip

import numpy as np
import polars as pl
import pytest
from stackyard.contract.contract import Contract
from stackyard.contract.labels import read_folds, read_labels, read_sample
from stackyard.contract.reading import read_table
from stackyard.contract.spec import parse_spec
from stackyard.contract.tags import read_tags
from stackyard.contract.validating import check_oof, check_test, read_oof, read_test
from stackyard.contract.writing import render_submission, write_submission
from stackyard.errors import EmptyTags, FoldsInvalid, MissingIdColumn, MissingIds, UnknownColumns
from stackyard.numerics.metrics import METRICS

PLANET = parse_spec(
    {
        "slug": "planet",
        "name": "Planet",
        "task": "multilabel",
        "metric": "f_beta_samples_score",
        "beta": 2,
        "id_column": "image_name",
        "labels": "train_labels.csv.gz",
        "tags_column": "tags",
        "sample_submission": "sample_submission.csv.gz",
    }
)


@pytest.fixture(scope="module")
def labels(shared_data):
    return read_labels(shared_data / "planet-labels" / PLANET.labels, PLANET)


@pytest.fixture(scope="module")
def sample(shared_data, labels):
    return read_sample(shared_data / "planet-labels" / PLANET.sample_submission, PLANET, labels)


@pytest.fixture(scope="module")
def planet(shared_data, labels, sample):
    return Contract(
        "planet", "multilabel", PLANET.metric, "image_name", sample.classes, labels.ids, sample.test_ids,
        metric_options=PLANET.metric_options, tags_column="tags", empty_tags_allowed=labels.has_empty_rows,
        folds=read_folds(shared_data / "planet-labels" / "folds10_ods.csv.gz", labels.ids, "image_name"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def spooky(shared_data):
    oof = pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet", columns=["id", "fold"])
    test = pl.read_parquet(shared_data / "spooky-oof" / "test.parquet", columns=["id"])
    return Contract(
        "spooky", "multiclass", "multiclass_log_loss", "id", ("EAP", "HPL", "MWS"), oof["id"], test["id"], folds=oof["fold"].to_numpy()
    )


def test_planets_labels_are_read_as_its_readme_says(labels, sample):
    assert (labels.truth.shape, len(sample.test_ids)) == ((40479, 17), 61191)
    assert labels.truth.sum() / len(labels.truth) == pytest.approx(2.8707, abs=5e-5)
    assert int(labels.truth[:, labels.classes.index("blow_down")].sum()) == 98
    assert (sample.kind, sample.classes[0], sample.classes[-1]) == ("tags", "agriculture", "water")
    assert not labels.has_empty_rows


def test_the_ods_folds_are_accepted(planet):
    assert planet.fold_count == 10
    assert sorted(np.unique(np.bincount(planet.folds)).tolist()) == [4047, 4048, 4049]


def test_incomplete_folds_are_refused_with_all_four_missing_ids(shared_data, labels):
    path = shared_data / "planet-labels" / "folds5_incomplete.csv.gz"
    with pytest.raises(FoldsInvalid) as caught:
        read_folds(path, labels.ids, "image_name")
    missing = sorted(set(labels.ids) - set(pl.read_csv(path)["image_name"]))
    assert caught.value.count == len(missing) == 4
    assert sorted(row["id"] for row in caught.value.rows) == missing
    assert all(repr(name) in caught.value.detail for name in missing)


def test_a_tag_submission_in_sample_order_is_accepted(shared_data, planet, sample):
    path = shared_data / "planet-tag-submissions" / "raw" / "valid.csv.gz"
    votes = read_test(path, planet)
    assert votes.values.shape == (61191, 17)
    assert set(np.unique(votes.values)) == {0.0, 1.0}

    bits = pl.read_parquet(shared_data / "planet-tag-submissions" / "test_tags_bitmask.parquet").drop("image_name")
    packed = votes.values.astype(np.int32) @ (1 << np.arange(17, dtype=np.int32))
    assert any((packed == bits[name].to_numpy()).all() for name in bits.columns)

    written = render_submission(sample, planet.test_ids, votes.values)
    original = gzip.decompress(path.read_bytes()).decode().split()
    assert len(written.splitlines()) == 61192
    assert sorted(written.decode().replace(",", " ").split()) == sorted(" ".join(original).replace(",", " ").split())


def test_a_tag_submission_without_a_row_is_refused_by_name(shared_data, planet):
    with pytest.raises(MissingIds) as caught:
        read_tags(shared_data / "planet-tag-submissions" / "raw" / "one_row_missing.csv.gz", planet, "test")
    assert (caught.value.count, caught.value.rows[0]["id"]) == (1, "test_9999")


def test_a_tag_submission_with_empty_fields_is_judged_with_their_exact_count(shared_data, planet):
    path = shared_data / "planet-tag-submissions" / "raw" / "empty_tags.csv.gz"
    report = check_test(path, planet)
    assert [(type(error), error.count) for error in report.errors] == [(EmptyTags, 20023)]
    assert report.errors[0].rows[0] == {"row": 1, "id": "test_0", "column": "tags", "value": ""}
    assert read_test(path, planet, empty="accept").notes == ("accepted 20023 empty tag fields",)


def test_the_in_sample_tag_file_scores_as_published(shared_data, planet, labels):
    votes = read_oof(shared_data / "planet-tag-submissions" / "train_tags_in_sample.csv.gz", planet)
    score = METRICS["f_beta_samples_score"](labels.truth_for(planet.classes), votes.values, beta=2)
    assert score == pytest.approx(0.8774599, abs=5e-8)


def test_raw_probabilities_without_header_and_ids_are_refused(shared_data, planet):
    with pytest.raises(MissingIdColumn, match="got 17 numbers"):
        read_oof(shared_data / "planet-tta-probs" / "raw_default_densenet121.txt.gz", planet)


def test_spookys_odd_column_order_is_accepted_once_the_extra_column_is_dropped(shared_data, spooky, tmp_path):
    path = shared_data / "spooky-oof" / "raw" / "m1_oof_predictions.csv.gz"
    report = check_oof(path, spooky)
    assert [type(error) for error in report.errors] == [UnknownColumns]
    assert "got also 'true_label'" in report.errors[0].detail

    table = read_table(path)
    assert table.columns == ("EAP", "HPL", "MWS", "id", "true_label")
    dropped = tmp_path / "m1.csv"
    table.select_texts(["EAP", "HPL", "MWS", "id"]).write_csv(dropped)
    aligned = read_oof(dropped, spooky)

    frame = pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet")
    model = next(name.removesuffix("__EAP") for name in frame.columns if name.startswith("m1") and name.endswith("__EAP"))
    expected = frame.select(f"{model}__{name}" for name in spooky.classes).to_numpy()
    np.testing.assert_allclose(aligned.values, expected, atol=1e-6)
    truth = frame["author"].replace_strict(list(spooky.classes), [0, 1, 2]).to_numpy()
    assert METRICS["multiclass_log_loss"](truth, aligned.values) == pytest.approx(0.36257, abs=1e-5)


def test_spookys_test_file_is_accepted_and_written_back(shared_data, spooky, tmp_path):
    aligned = read_test(shared_data / "spooky-oof" / "raw" / "m1_submission.csv.gz", spooky)
    spec = parse_spec(
        {**PLANET.as_json(), "slug": "spooky", "task": "multiclass", "metric": "multiclass_log_loss", "beta": None}
        | {"id_column": "id", "tags_column": None, "label_column": "author"}
    )
    pl.DataFrame({"id": spooky.train_ids, "author": pl.read_parquet(shared_data / "spooky-oof" / "oof.parquet")["author"]}).write_csv(
        tmp_path / "train.csv"
    )
    labels = read_labels(tmp_path / "train.csv", spec)
    form = read_sample(shared_data / "spooky-oof" / "raw" / "m1_submission.csv.gz", spec, labels)
    write_submission(tmp_path / "s.csv", form, spooky.test_ids, aligned.values)

    assert read_test(tmp_path / "s.csv", spooky).values == pytest.approx(aligned.values, abs=1e-7)
    assert len((tmp_path / "s.csv").read_bytes().splitlines()) == 8393
