"""CSV: comma separated, UTF-8, a header first; quoted fields, a byte order mark and CRLF are fine."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from stackyard.contract.limits import Limits
from stackyard.contract.tables import Table, first_line, refuse_duplicates
from stackyard.errors import FIRST_ROWS, MissingIdColumn, StackyardError, UnreadableFile

BOM = b"\xef\xbb\xbf"
MOST_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class CsvTable(Table):
    """The text itself: parsed once it is known which columns are numbers."""

    text: bytes
    columns: tuple[str, ...]
    header_lines: int
    notes: tuple[str, ...] = ()

    def select(self, texts: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
        """Parse these columns, each as asked; the others are skipped."""
        wanted, numeric = {*texts, *numbers}, set(numbers)
        kinds = {name: pl.Float64 if name in numeric else pl.String for name in self.columns}
        frame = pl.read_csv(
            self.text,
            has_header=False,
            skip_lines=self.header_lines,
            schema=kinds,
            columns=[place for place, name in enumerate(self.columns) if name in wanted],
            infer_schema=False,
            raise_if_empty=False,
            glob=False,
        )
        return frame.select(*(pl.col(name).fill_null("") for name in texts), *numbers)

    def explain(self, error: BaseException) -> StackyardError:
        """Name the rows that have more fields than the header, else pass on what polars says."""
        try:
            count, rows = self._find_long_rows()
        except (csv.Error, UnicodeDecodeError) as damage:
            return UnreadableFile(f"expected CSV in UTF-8, got damaged text: {damage}")
        if not count:
            return UnreadableFile(f"expected CSV, got: {first_line(error)}")
        detail = f"expected {len(self.columns)} fields a row, got {rows[0]['value']} in row {rows[0]['row']} ({count} such rows)"
        return UnreadableFile(detail, rows, count)

    def _find_long_rows(self) -> tuple[int, list[dict[str, object]]]:
        """Return how many rows have more fields than the header, and the first of them; the header itself is row 0."""
        count = 0
        rows: list[dict[str, object]] = []
        for number, fields in enumerate(csv.reader(io.TextIOWrapper(io.BytesIO(self.text), "utf-8", newline=""))):
            if len(fields) > len(self.columns):
                count += 1
                if len(rows) < FIRST_ROWS:
                    rows.append({"row": number, "id": None, "column": None, "value": f"{len(fields)} fields"})
        return count, rows


def read_csv_table(data: bytes, limits: Limits) -> CsvTable:
    r"""Return the table of CSV text.

    Raises UnreadableFile (empty, not UTF-8), MissingIdColumn (no header), DuplicateColumns, LimitExceeded.

    >>> read_csv_table(b"id,p\n007,0.5\n", Limits()).columns
    ('id', 'p')
    """
    text = _trim(data.removeprefix(BOM))
    if not text or text.isspace():
        raise UnreadableFile("expected a header line, got an empty file")
    if b"\0" in text[:MOST_HEADER_BYTES]:
        raise UnreadableFile("expected CSV in UTF-8, got bytes that are no text (or text in UTF-16)")
    columns, header_lines = _read_header(text)
    _refuse_headerless(columns)
    refuse_duplicates(columns)
    limits.check_cells(text.count(b"\n") + 1, len(columns))
    # polars inflates what begins like zlib data, uncounted; "x" is how that begins, and a byte order mark hides it
    return CsvTable(BOM + text if text[:1] == b"x" else text, tuple(columns), header_lines)


def _trim(text: bytes) -> bytes:
    """Drop empty lines at both ends, which polars would take for rows of nothing; most files have none and are not copied."""
    return text.strip(b"\r\n") if text[:1] in {b"\r", b"\n"} or text[-3:].count(b"\n") > 1 else text


def _read_header(text: bytes) -> tuple[list[str], int]:
    line_end = text.find(b"\n", 0, MOST_HEADER_BYTES)
    # only a quoted name can hold a line end, and then the header goes on beyond its first line
    head = text[:MOST_HEADER_BYTES] if line_end < 0 or b'"' in text[:line_end] else text[:line_end]
    # lines end with a line feed, as polars sees it: csv then refuses carriage returns alone instead of taking each for a line
    reader = csv.reader(line + "\n" for line in head.decode("utf-8", errors="replace").split("\n"))
    try:
        columns = next(reader)
    except csv.Error as error:
        raise UnreadableFile(f"expected a header line, got: {error}") from error
    if any("\ufffd" in name for name in columns):
        raise UnreadableFile(f"expected a header in UTF-8, got {columns[:5]}")
    return columns, reader.line_num


def _refuse_headerless(columns: Sequence[str]) -> None:
    fields = [field for name in columns for field in name.split()]
    if fields and all(map(_is_number, fields)):
        shown = ", ".join(fields[:3])
        raise MissingIdColumn(
            f"expected a first line of column names with the id column, got {len(fields)} numbers ({shown}, …): "
            "a raw array has no row names; write a header, and an id in each row"
        )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
