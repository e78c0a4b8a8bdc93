import gzip
import io

import numpy as np
import polars as pl
import pytest
from backports import zstd
from stackyard.contract.reading import read_table, table_from_arrays, table_from_frame
from stackyard.errors import DuplicateColumns, MissingIdColumn, UnknownColumns, UnknownFormat, UnreadableFile, WrongShape

CSV = b"id,p,q\n007,0.5,0.25\n1e5,1,0\n"


def put(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def parquet(frame):
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FRAME = pl.DataFrame({"id": ["007", "1e5"], "p": [0.5, 1.0], "q": [0.25, 0.0]})
IDS, VALUES = np.array(["007", "1e5"]), np.array([[0.5, 0.25], [1.0, 0.0]])
STRUCTURED = np.array([("007", 0.5, 0.25), ("1e5", 1.0, 0.0)], dtype=[("id", "U3"), ("p", "f4"), ("q", "f8")])

FILES = {
    "f.csv": CSV,
    "f.csv.gz": gzip.compress(CSV),
    "F.CSV.GZ": gzip.compress(CSV[:10]) + gzip.compress(CSV[10:]),
    "f.csv.zst": zstd.compress(CSV),
    "two.csv.zst": zstd.compress(CSV[:10]) + zstd.compress(CSV[10:]),
    "f.parquet": parquet(FRAME),
    "enum.parquet": parquet(FRAME.with_columns(pl.col("id").cast(pl.Categorical), pl.col("p").cast(pl.Float32))),
    "named.npz": npz(ids=IDS, predictions=VALUES, columns=np.array(["p", "q"])),
    "unnamed.npz": npz(ids=IDS, predictions=VALUES),
    "columns.npz": npz(id=IDS.astype("S3"), p=VALUES[:, 0], q=VALUES[:, 1]),
    "ids.npz": npz(ids=IDS, p=VALUES[:, 0].astype(np.float16), q=VALUES[:, 1].astype(">f4")),
    "fortran.npz": npz(ids=IDS, predictions=np.asfortranarray(VALUES)),
    "f.npy": npy(STRUCTURED),
    "bom.csv": b"\xef\xbb\xbf" + CSV,
    "crlf.csv": CSV.replace(b"\n", b"\r\n"),
    "quoted.csv": b'"id","p","q"\n"007","0.5","0.25"\n"1e5","1","0"\n',
    "blank_lines.csv": b"\n" + CSV + b"\n\n",
    "crlf_blank_lines.csv": CSV.replace(b"\n", b"\r\n") + b"\r\n\r\n",
    "no_last_line_end.csv": CSV.rstrip(),
    "spaced_numbers.csv": b"id,p,q\n007, 0.5 ,0.25\n1e5,+1.,0\n",
    "0" * 64: CSV,
    "f.dat": gzip.compress(CSV),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_cells(tmp_path, name):
    table = read_table(put(tmp_path, name, FILES[name])).bind("id", ("p", "q"))
    cells = table.select_texts(["id", "p", "q"])

    assert sorted(table.columns) == ["id", "p", "q"]
    assert cells["id"].to_list() == ["007", "1e5"]
    assert [float(value) for value in cells["p"]] == [0.5, 1.0]
    assert [float(value) for value in cells["q"]] == [0.25, 0.0]


def test_ids_are_read_exactly_as_they_stand(tmp_path):
    path = put(tmp_path, "f.csv", 'id,p\n007,1\n1e5,1\n x ,1\n"a,""b""\nc",1\n\u2028é,1\nNA,1\n,1\n'.encode())
    ids = read_table(path).select_texts(["id"])["id"].to_list()
    assert ids == ["007", "1e5", " x ", 'a,"b"\nc', "\u2028é", "NA", ""]


def test_whole_number_ids_of_binary_formats_become_their_digits(tmp_path):
    for name, data in {"f.parquet": parquet(pl.DataFrame({"id": [7, 10]})), "f.npz": npz(id=np.array([7, 10]))}.items():
        assert read_table(put(tmp_path, name, data)).select_texts(["id"])["id"].to_list() == ["7", "10"]


def test_a_format_may_be_named_for_a_file_without_a_name(tmp_path):
    assert read_table(put(tmp_path, "blob", CSV), format="csv").columns == ("id", "p", "q")
    with pytest.raises(UnknownFormat, match="got 'xlsx'"):
        read_table(put(tmp_path, "blob", CSV), format="xlsx")


def test_a_name_that_belies_the_bytes_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match=r"expected csv, as the name says, got bytes that begin like csv\.gz"):
        read_table(put(tmp_path, "f.csv", gzip.compress(CSV)))
    with pytest.raises(UnreadableFile, match="expected parquet"):
        read_table(put(tmp_path, "f.parquet", CSV))


def test_bytes_of_no_known_format_are_refused(tmp_path):
    with pytest.raises(UnknownFormat, match="begin with 80 05 95 00"):
        read_table(put(tmp_path, "model.pkl", b"\x80\x05\x95\x00\x00\x00\x00\x00\x00\x00\x00]."))


@pytest.mark.parametrize("data", [b"", b"\n\r\n", b"  \n"])
def test_an_empty_file_is_refused(tmp_path, data):
    with pytest.raises(UnreadableFile, match="empty"):
        read_table(put(tmp_path, "f.csv", data))


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="No such file"):
        read_table(tmp_path / "absent.csv")


def test_a_column_named_twice_is_refused(tmp_path):
    with pytest.raises(DuplicateColumns, match="'p'") as caught:
        read_table(put(tmp_path, "f.csv", b"id,p,p\n1,2,3\n"))
    assert caught.value.as_json()["rows"] == [{"row": None, "id": None, "column": "p", "value": None}]


@pytest.mark.parametrize("line", [b"0.5 0.25 1e-3\n", b"0.5,0.25,1e-3\n", b"1\n"])
def test_numbers_without_a_header_are_refused_with_what_to_do(tmp_path, line):
    with pytest.raises(MissingIdColumn, match="write a header, and an id in each row"):
        read_table(put(tmp_path, "raw.txt", line * 3))


def test_a_raw_array_without_ids_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(MissingIdColumn, match=r"np\.savez\(path, ids=ids"):
        read_table(put(tmp_path, "f.npy", npy(VALUES)))
    with pytest.raises(MissingIdColumn, match=r"np\.savez\(path, ids=ids"):
        read_table(put(tmp_path, "f.npz", npz(predictions=VALUES)))


def test_text_that_is_not_utf8_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read_table(put(tmp_path, "f.csv", "id,é\n1,2\n".encode("latin-1")))
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read_table(put(tmp_path, "f.csv", "id,p\né,2\n".encode("latin-1"))).select_texts(["id"])
    with pytest.raises(UnreadableFile):
        read_table(put(tmp_path, "f.csv", CSV.decode().encode("utf-16")))


def test_rows_with_more_fields_than_the_header_are_named(tmp_path):
    table = read_table(put(tmp_path, "f.csv", b"id,p\na,1\nb,2,3\nc,4\nd,5,6,7\n"))
    with pytest.raises(UnreadableFile, match="expected 2 fields a row, got 3 fields in row 2") as caught:
        table.select_texts(["id", "p"])
    assert (caught.value.count, [row["row"] for row in caught.value.rows]) == (2, [2, 4])


def test_lines_that_end_with_a_carriage_return_alone_are_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="new-line character"):
        read_table(put(tmp_path, "f.csv", CSV.replace(b"\n", b"\r")))


def test_a_quote_that_never_closes_is_refused(tmp_path):
    with pytest.raises(UnreadableFile):
        read_table(put(tmp_path, "f.csv", b'id,p\n"a,1\nb,2\n')).select_texts(["id"])


def test_text_that_begins_like_zlib_is_still_text(tmp_path):
    """polars would inflate what begins so."""
    text = "x\u0680,p\n1,0.5\n".encode()
    assert text[:2] == b"x\xda"
    assert read_table(put(tmp_path, "f.csv", text)).select_texts(["p"])["p"].to_list() == ["0.5"]


def test_a_header_may_hold_line_ends_and_commas(tmp_path):
    table = read_table(put(tmp_path, "f.csv", b'id,"p,\nq"\na,1\n'))
    assert table.columns == ("id", "p,\nq")
    assert table.select_texts(["id"])["id"].to_list() == ["a"]


class PandasLike:
    """What pandas shows of a frame: columns, iloc, and columns with to_numpy."""

    iloc = None

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        values = self._columns[name]

        class Column:
            def to_numpy(self):
                return values

        return Column()


def test_frames_in_memory_are_tables():
    pandas_like = PandasLike(id=np.array(["007", "1e5"], dtype=object), p=np.array([0.5, 1.0]), q=np.array([0.25, None]))
    for frame in (FRAME, {"id": ["007", "1e5"], "p": [0.5, 1.0], "q": VALUES[:, 1]}, pandas_like):
        table = table_from_frame(frame)
        assert table.columns == ("id", "p", "q")
        assert table.select_texts(["id"])["id"].to_list() == ["007", "1e5"]


def test_what_is_no_frame_is_refused():
    with pytest.raises(UnknownFormat, match="got int"):
        table_from_frame(3)


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        ({"ids": ["a"], "predictions": [0.5, 0.6]}, WrongShape),
        ({"ids": ["a"], "predictions": [[[0.5]]]}, WrongShape),
        ({"ids": ["a"], "predictions": [[0.5, 0.6]], "columns": ["p"]}, WrongShape),
        ({"ids": ["a"], "predictions": [[0.5, 0.6]], "columns": ["p", "p"]}, DuplicateColumns),
        ({"ids": ["a"], "predictions": [0.5], "weights": [1]}, UnknownColumns),
        ({"id": ["a", "b"], "p": [0.5]}, WrongShape),
        ({"id": ["a"], "p": [[0.5]]}, WrongShape),
        ({"id": ["a", "b"], "p": [[0.5], [0.5, 0.6]]}, WrongShape),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(arrays, error):
    with pytest.raises(error):
        table_from_frame(arrays)


def test_unnamed_columns_must_be_as_many_as_the_classes():
    table = table_from_arrays(["a"], [[0.5, 0.5]])
    assert table.bind("id", ("p", "q")).notes == ("took the columns without names in the contract's order: p, q",)
    with pytest.raises(WrongShape, match="expected 3 columns"):
        table.bind("id", ("p", "q", "r"))
