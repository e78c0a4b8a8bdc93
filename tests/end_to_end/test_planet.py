"""The Planet labels, real folds and real tag submissions, through the command line alone."""

import gzip
import shutil

import polars as pl
import pytest

pytestmark = pytest.mark.once

SPEC = """slug = "{slug}"
name = "Planet: Understanding the Amazon from Space"
task = "multilabel"
metric = "f_beta_samples_score"
beta = 2
id_column = "image_name"
labels = "train_labels.csv.gz"
tags_column = "tags"
sample_submission = "sample_submission.csv.gz"
[folds]
{folds}
"""


@pytest.fixture(scope="module")
def folder(shared_data, tmp_path_factory):
    target = tmp_path_factory.mktemp("planet")
    for path in (shared_data / "planet-labels").glob("*.gz"):
        shutil.copy(path, target)
    return target


@pytest.fixture(scope="module")
def admin(member_cli):
    return member_cli("kostia", team="planet", role="admin")


@pytest.fixture(scope="module")
def planet(admin, folder):
    """The competition on the ods.ai team's own folds."""
    (folder / "ods.toml").write_text(SPEC.format(slug="planet", folds='file = "folds10_ods.csv.gz"'))
    return admin.ok("competition", "create", folder / "ods.toml")


def test_the_teams_own_folds_are_taken_as_a_file(planet):
    assert planet["state"] == "open"
    assert (planet["train_rows"], planet["test_rows"], len(planet["classes"])) == (40479, 61191, 17)
    assert (planet["folds"]["count"], planet["folds"]["made_by"]) == (10, "file")


def test_exported_folds_are_the_ones_that_came(admin, planet, folder, tmp_path):
    admin.ok("folds", "planet", "-o", tmp_path / "folds.csv")
    came = pl.read_csv(gzip.decompress((folder / "folds10_ods.csv.gz").read_bytes()))
    exported = pl.read_csv(tmp_path / "folds.csv")

    assert exported.sort("image_name").equals(came.sort("image_name").with_columns(pl.col("fold").cast(exported["fold"].dtype)))


def test_an_incomplete_fold_file_is_refused_naming_the_missing_ids(admin, folder):
    (folder / "incomplete.toml").write_text(SPEC.format(slug="incomplete", folds='file = "folds5_incomplete.csv.gz"'))
    refused = admin("competition", "create", folder / "incomplete.toml", "--json")
    labels = pl.read_csv(gzip.decompress((folder / "train_labels.csv.gz").read_bytes()))["image_name"]
    held = pl.read_csv(gzip.decompress((folder / "folds5_incomplete.csv.gz").read_bytes()))["image_name"]
    missing = sorted(set(labels) - set(held))

    assert refused.code == 1
    assert len(missing) == 4
    told = refused.out + refused.err
    assert "FoldsInvalid" in told
    assert all(name in told for name in missing)


def test_own_folds_share_every_label_evenly(admin, folder):
    (folder / "own.toml").write_text(SPEC.format(slug="planet-own", folds="count = 10\nseed = 0"))
    admin.ok("competition", "create", folder / "own.toml")
    from members.client import Client

    with Client(admin.url, admin.token) as client:
        report = client.folds_report("planet-own")

    assert max(report["sizes"]) - min(report["sizes"]) <= 1
    assert all(max(row) - min(row) <= 1 for row in report["counts"])


def test_an_in_sample_tag_file_has_the_known_score(admin, planet, shared_data):
    tags = shared_data / "planet-tag-submissions" / "train_tags_in_sample.csv.gz"
    uploaded = admin.ok("upload", "planet", "--name", "tags", "--oof", tags)

    assert uploaded["score"] == pytest.approx(0.8774599, abs=5e-8)


def test_defective_tag_submissions_are_judged_with_exact_counts(admin, planet, shared_data):
    tags = shared_data / "planet-tag-submissions"
    oof = ("--oof", tags / "train_tags_in_sample.csv.gz")
    missing = admin("check", "planet", *oof, "--test", tags / "raw" / "one_row_missing.csv.gz", "--json")
    empty = admin("check", "planet", *oof, "--test", tags / "raw" / "empty_tags.csv.gz", "--json")
    valid = admin("check", "planet", *oof, "--test", tags / "raw" / "valid.csv.gz", "--json")

    assert valid.code == 0, valid.out + valid.err
    assert [(e["error"], e["count"]) for e in missing.json["errors"]] == [("MissingIds", 1)]
    assert "test_9999" in str(missing.json["errors"][0])
    assert [(e["error"], e["count"]) for e in empty.json["errors"]] == [("EmptyTags", 20023)]
    assert missing.code == empty.code == 1
