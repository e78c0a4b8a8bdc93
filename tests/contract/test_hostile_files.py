"""FACTS of hostile files: each ends in a named error, before memory is taken for what it claims."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import polars as pl
import pytest
from backports import zstd
from stackyard.contract.reading import read_table
from stackyard.errors import LimitExceeded, StackyardError, UnreadableFile

MEBIBYTE = 1 << 20


def header(text, version=(1, 0), length=None):
    body = text.encode("latin-1")
    size = struct.pack("<H" if version == (1, 0) else "<I", len(body) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + body


def claim(shape, descr="<f8"):
    return header(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n")


def zipped(compression=zipfile.ZIP_DEFLATED, **members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def objects():
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}, None]), allow_pickle=True)
    return buffer.getvalue()


def parquet():
    buffer = io.BytesIO()
    pl.DataFrame({"id": ["a"] * 1000, "p": [0.5] * 1000}).write_parquet(buffer)
    return buffer.getvalue()


IDS = claim((1,), "<U1") + "a".encode("utf-32-le")

# Made when asked for: some are large.
HOSTILE = {
    "claims_32_gib.npy": lambda: claim((1 << 32,)),
    "claims_more_than_any_integer.npy": lambda: claim((1 << 62, 1 << 62)) + b"\0" * 64,
    "negative.npy": lambda: claim((-2, -4)) + b"\0" * 64,
    "no_bytes_a_cell.npy": lambda: claim((1 << 20,), "<U0"),
    "false_header_length.npy": lambda: header("{}", (2, 0), 0xFFFFFFF0),
    "version_nine.npy": lambda: header("{}", (9, 0)),
    "no_header.npy": lambda: b"\x93NUMPY",
    "header_is_code.npy": lambda: header("__import__('os').getcwd()\n"),
    "header_nests.npy": lambda: header("(" * 5000 + "\n"),
    "header_negates.npy": lambda: header("-" * 60000 + "1\n"),
    "odd_type.npy": lambda: claim((1,), "<x9"),
    "objects.npy": objects,
    "truncated.npy": lambda: claim((4,)) + b"\0" * 8,
    "objects.npz": lambda: zipped(ids=IDS, predictions=objects()),
    "claims_32_gib.npz": lambda: zipped(ids=IDS, predictions=claim((1 << 32,))),
    "bomb.npz": lambda: zipped(ids=IDS, predictions=claim((8 * MEBIBYTE,)) + bytes(64 * MEBIBYTE)),
    "bzip.npz": lambda: zipped(zipfile.ZIP_BZIP2, ids=IDS, predictions=claim((1,)) + b"\0" * 8),
    "not_arrays.npz": lambda: zipped(**{"x.txt": b"hello"}),
    "truncated.npz": lambda: zipped(ids=IDS, predictions=claim((1,)) + b"\0" * 8)[:-30],
    "flipped.npz": lambda: zipped(zipfile.ZIP_STORED, ids=IDS, predictions=claim((1,)) + b"\0" * 8).replace(b"'descr'", b"'desXr'"),
    "bomb.csv.gz": lambda: gzip.compress(b"id,p\n" + b"a" * (64 * MEBIBYTE)),
    "bomb_in_a_bomb.csv.gz": lambda: gzip.compress(gzip.compress(b"id,p\n" + b"0" * (64 * MEBIBYTE))),
    "bomb.csv.zst": lambda: zstd.compress(b"id,p\n" + b"a" * (64 * MEBIBYTE)),
    "truncated.csv.gz": lambda: gzip.compress(b"id,p\na,1\n" * 100)[:-9],
    "truncated.csv.zst": lambda: zstd.compress(b"id,p\na,1\n" * 100)[:-3],
    "many_cells.csv": lambda: b"id,p\n" + b"a,1\n" * (2 * MEBIBYTE),
    "wide_field.csv": lambda: b"id,p," + b"a" * (2 * MEBIBYTE) + b"\n1,2,3\n",
    "false_footer_length.parquet": lambda: parquet()[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1",
    "torn_footer.parquet": lambda: parquet()[:-40] + parquet()[-8:],
    "only_magic.parquet": lambda: b"PAR1PAR1PAR1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_a_named_error_and_little_memory(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    tracemalloc.start()
    try:
        with pytest.raises((UnreadableFile, LimitExceeded)):
            read_table(path, max_bytes=16 * MEBIBYTE, max_cells=MEBIBYTE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEBIBYTE


def test_a_parquet_footer_may_not_claim_more_cells_than_allowed(tmp_path):
    path = tmp_path / "f.parquet"
    path.write_bytes(parquet())
    with pytest.raises(LimitExceeded, match="at most 100 cells, got 1000 rows of 2 columns"):
        read_table(path, max_cells=100)


def test_a_file_longer_than_the_limit_is_not_read(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"id,p\n" * 100)
    with pytest.raises(LimitExceeded, match="at most 100 bytes, got 500"):
        read_table(path, max_bytes=100)


def test_a_damaged_parquet_never_ends_otherwise_than_by_name(tmp_path):
    """polars may read on, fail or panic: only what has a name may come out."""
    path, whole = tmp_path / "f.parquet", parquet()
    refused = 0
    for place in range(4, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            table = read_table(path, max_cells=MEBIBYTE)
            table.select_texts(list(table.columns))
        except StackyardError:
            refused += 1
    assert refused > 10
