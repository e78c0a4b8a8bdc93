"""A competition as a folder of files."""

import json

import polars as pl
import pytest
from stackyard.errors import (
    DigestMismatch,
)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_an_export_holds_everything_with_digests(client, server, tmp_path, kind):
    server.hold_scored("m1")
    server.hold_scored("../nets/m2", owner="boris")
    made = client.export("tiny", tmp_path / "out", kind)
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    folds = {"folds.csv", "folds-positions.json", "folds-lists.json", "folds-report.json"}
    plain = {"competition.json", "contract.json", "leaderboard.json", "leaderboard.csv", "manifest.json"}
    arrays = {f"predictions/{stem}-{which}.{kind}" for stem in ("1-ada-m1-v1", "2-boris-nets_m2-v1") for which in ("oof", "test")}
    assert names == folds | plain | arrays
    assert (made["predictions"], made["files"], made["kept"]) == (2, len(names) - 1, 0)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert set(manifest["files"]) == names - {"manifest.json"}
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv}[kind]
    assert read(tmp_path / "out" / f"predictions/1-ada-m1-v1-test.{kind}").rows()[0] == ("t1", 0.5, 0.5)
    assert client.check("tiny", tmp_path / "out" / f"predictions/1-ada-m1-v1-oof.{kind}")["state"] == "valid"


def test_an_export_that_was_broken_off_goes_on(client, server, tmp_path):
    for name in ("m1", "m2", "m3"):
        server.hold_scored(name)
    lost = server.arrays.pop("2/test")
    with pytest.raises(KeyError):
        client.export("tiny", tmp_path / "out")
    server.arrays["2/test"] = lost
    damaged = tmp_path / "out" / "predictions/1-ada-m1-v1-oof.parquet"
    damaged.write_bytes(b"damaged")
    server.requests.clear()
    made = client.export("tiny", tmp_path / "out")
    assert made["kept"] == 2
    asked = [request.url.path.removeprefix("/api/v1/predictions/") for request in server.requests if "/predictions/" in request.url.path]
    assert asked == ["1/oof", "2/test", "3/oof", "3/test"]
    assert pl.read_parquet(damaged).height == 6


def test_an_array_with_other_bytes_is_not_exported(client, server, tmp_path):
    server.hold_scored("m1")
    server.arrays["1/oof"] += b"!"
    with pytest.raises(DigestMismatch):
        client.export("tiny", tmp_path / "out")
