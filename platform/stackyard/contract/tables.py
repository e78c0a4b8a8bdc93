"""A table as it came: named columns whose cells are read as text or as numbers only once the contract says which is which."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from stackyard.errors import DuplicateColumns, StackyardError, UnreadableFile, WrongShape

POLARS_FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
_TEXT_TYPES = {pl.String, pl.Categorical, pl.Enum, pl.Binary, pl.Boolean, pl.Null}


class Table(ABC):
    """Columns in the order they came; subclasses differ in where the cells lie."""

    columns: tuple[str, ...]
    notes: tuple[str, ...]
    """Sentences on what was assumed while reading."""

    def bind(self, id_column: str, classes: Sequence[str]) -> Table:
        """Return the table with the contract's names on what came without; most tables have names of their own."""
        del id_column, classes
        return self

    @abstractmethod
    def select(self, texts: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
        """Return these columns as strings (exactly as they came, nothing as "") and as Float64 (nothing as null).

        Raises polars' own error where a field of a number column is no number; select_texts then shows the fields as they came.
        """

    def select_texts(self, names: Sequence[str]) -> pl.DataFrame:
        """Return these columns as strings; raise UnreadableFile where even that fails."""
        try:
            return self.select(names, ())
        except POLARS_FAILURES as error:
            raise self.explain(error) from error

    def explain(self, error: BaseException) -> StackyardError:
        """Return the named error for a failure to read at all."""
        return UnreadableFile(f"expected readable columns, got: {first_line(error)}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text: polars adds paragraphs of advice on its own options."""
    return str(error).strip().split("\n", 1)[0]


def refuse_duplicates(columns: Sequence[str]) -> None:
    """Raise DuplicateColumns where a name stands more than once.

    >>> refuse_duplicates(["id", "a", "b"])
    """
    names = [name for name, count in Counter(columns).items() if count > 1]
    if names:
        raise DuplicateColumns(f"expected each column once, got {', '.join(map(repr, names))} more than once", column_rows(names))


def column_rows(names: Sequence[str]) -> list[dict[str, object]]:
    """Return rows of an error that is about whole columns."""
    return [{"row": None, "id": None, "column": name, "value": None} for name in names]


@dataclass(frozen=True, eq=False)
class FrameTable(Table):
    """Cells that lie in a polars frame, each column with its own type."""

    frame: pl.DataFrame
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def select(self, texts: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
        """Cast as asked."""
        as_texts = [pl.col(name).cast(pl.String).fill_null("") for name in texts]
        return self.frame.select(*as_texts, *(pl.col(name).cast(pl.Float64) for name in numbers))


def table_of(frame: pl.DataFrame, notes: tuple[str, ...] = ()) -> FrameTable:
    """Return a frame as a table; a column of a type that is neither text nor number shows that type in each cell.

    >>> table_of(pl.DataFrame({"a": [[0.5]]})).select_texts(["a"]).item()
    '<List(Float64)>'
    """
    odd = {name: kind for name, kind in frame.schema.items() if not kind.is_numeric() and kind.base_type() not in _TEXT_TYPES}
    plain = frame.with_columns(pl.Series(name, [f"<{kind}>"] * len(frame), dtype=pl.String) for name, kind in odd.items())
    return FrameTable(plain, tuple(frame.columns), notes)


@dataclass(frozen=True, eq=False)
class ArraysTable(Table):
    """Ids beside arrays of values: the ids take the contract's id column as their name, and columns without names the classes'."""

    ids: pl.Series
    values: pl.DataFrame
    named: bool
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names that came, "ids" first."""
        return ("ids", *self.values.columns)

    def bind(self, id_column: str, classes: Sequence[str]) -> Table:
        """Name the columns; raise WrongShape where columns without names are not as many as the classes."""
        names, notes = self.values.columns, self.notes
        if not self.named:
            if len(names) != len(classes):
                raise WrongShape(f"expected {len(classes)} columns ({', '.join(classes)}), got {len(names)} without names")
            names = list(classes)
            notes = (*notes, f"took the columns without names in the contract's order: {', '.join(classes)}")
        refuse_duplicates([id_column, *names])
        values = self.values.rename(dict(zip(self.values.columns, names, strict=True)))
        return table_of(values.insert_column(0, self.ids.alias(id_column)), notes)

    def select(self, texts: Sequence[str], numbers: Sequence[str]) -> pl.DataFrame:
        """Cast as asked, with the ids under the name "ids"."""
        return self.bind("ids", self.values.columns).select(texts, numbers)
