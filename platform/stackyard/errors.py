"""Every error that a caller can meet, as a tree.

The class name is the code that an API answer, the command line and the documentation show; the docstring says when it is met.
An error carries one sentence (what was expected, what came) and, where rows are to blame, how many and the first five.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

FIRST_ROWS = 5


class StackyardError(Exception):
    """The root: something that a caller can mend."""

    status = 400

    def __init__(self, detail: str, rows: Sequence[dict[str, Any]] = (), count: int | None = None) -> None:
        """Keep the sentence, the first rows to blame, and how many there are in all."""
        super().__init__(detail)
        self.detail = detail
        self.rows = [dict(row) for row in rows[:FIRST_ROWS]]
        self.count = len(rows) if count is None else count

    @property
    def code(self) -> str:
        """The name that scripts may rely on."""
        return type(self).__name__

    def as_json(self) -> dict[str, Any]:
        """The body of an API answer."""
        return {"error": self.code, "detail": self.detail, "count": self.count, "rows": self.rows}


# Who asks


class NotLoggedIn(StackyardError):
    """No token or session came, or it is wrong, revoked or expired."""

    status = 401


class RoleTooLow(StackyardError):
    """The member's role in the team does not allow this."""

    status = 403


class ScopeTooNarrow(StackyardError):
    """The token's scope does not allow this."""

    status = 403


class CsrfFailed(StackyardError):
    """A change was asked for with a session cookie but without its CSRF token (header X-CSRFToken)."""

    status = 403


class TooManyAttempts(StackyardError):
    """Too many failed logins; wait before the next."""

    status = 429


class InvitationInvalid(StackyardError):
    """The invitation link is unknown, used or expired."""

    status = 404


# What is asked for


class InvalidRequest(StackyardError):
    """The request's fields are missing, unknown or of the wrong kind."""


class UnsupportedMediaType(InvalidRequest):
    """The body came as a Content-Type that this address does not read."""

    status = 415


class NotFound(StackyardError):
    """There is no such thing in your team."""

    status = 404


class MethodNotAllowed(StackyardError):
    """The address exists, but not for this HTTP method."""

    status = 405


class NameTaken(StackyardError):
    """A name that must be unique is in use."""

    status = 409


class WrongState(StackyardError):
    """The thing is not in a state that allows this (not yet open, not yet scored, already ended)."""

    status = 409


class DeadlinePassed(StackyardError):
    """The competition's deadline has passed."""

    status = 409


class QuotaExceeded(StackyardError):
    """The team's submissions of the day are used up."""

    status = 429


class ServiceUnavailable(StackyardError):
    """A part that the server needs (its broker, its worker) does not answer."""

    status = 503


# Blobs


class TooLarge(StackyardError):
    """More bytes came than the server takes for one file."""

    status = 413


class DigestMismatch(StackyardError):
    """The bytes that came do not have the SHA-256 that was named."""

    status = 422


class WrongOffset(StackyardError):
    """A resumed upload went on at another byte than the server holds."""

    status = 409


class BlobUnknown(StackyardError):
    """A digest was named that your team has not uploaded."""

    status = 422


class BlobDamaged(StackyardError):
    """A stored blob no longer has the bytes that its digest names."""

    status = 500


# The contract: what a file may hold


class ContractError(StackyardError):
    """A file does not keep the competition's contract."""

    status = 422


class UnreadableFile(ContractError):
    """The bytes cannot be read as the format that the name claims."""


class UnknownFormat(ContractError):
    """The file is none of CSV (.gz, .zst), Parquet, .npz, .npy."""


class MissingIdColumn(ContractError):
    """The id column is absent (raw arrays without ids are refused too)."""


class MissingColumns(ContractError):
    """Class columns of the contract are absent."""


class UnknownColumns(ContractError):
    """Columns came that the contract does not know."""


class DuplicateColumns(ContractError):
    """A column name stands more than once in the header."""


class WrongShape(ContractError):
    """An array's dimensions do not fit (rows against ids, columns against classes)."""


class NotANumber(ContractError):
    """A field that must be a number holds text or nothing."""


class NotFinite(ContractError):
    """A value is NaN or infinite."""


class OutOfRange(ContractError):
    """A probability lies outside [0, 1]."""


class RowSumWrong(ContractError):
    """A multi-class row does not sum to 1 within 0.001."""


class MissingIds(ContractError):
    """Ids of the contract are absent."""


class UnknownIds(ContractError):
    """Ids came that the contract does not hold."""


class DuplicateIds(ContractError):
    """An id stands on several rows and the upload did not say repeats=mean."""


class UnknownTags(ContractError):
    """A tag came that is none of the classes."""


class EmptyTags(ContractError):
    """Tag fields are empty although every labelled row of the competition has at least one tag."""


class FoldsMismatch(ContractError):
    """The out-of-fold predictions were made on other folds than the competition's."""


class UnknownFold(ContractError):
    """A part names a fold that the fold set does not have."""


# Competitions and folds


class SpecInvalid(StackyardError):
    """A competition's specification misses a key, has an unknown one, or holds a wrong value."""

    status = 422


class LabelsInvalid(StackyardError):
    """The label file does not fit the specification (empty, duplicate ids, labels of the wrong kind)."""

    status = 422


class FoldsInvalid(StackyardError):
    """A fold file does not cover every train id exactly once, or folds cannot be made as asked."""

    status = 422


class FeaturesInvalid(StackyardError):
    """A feature file does not hold one row of finite numbers for every train and test id."""

    status = 422


class UnknownMetric(StackyardError):
    """No metric has this name, or it does not fit the task."""

    status = 422


class MetricUndefined(StackyardError):
    """The metric has no value on these rows (one class only, no rows, shapes that differ)."""

    status = 422


# Ensembles and submissions


class RecipeInvalid(StackyardError):
    """An ensemble recipe names an unknown model, method or setting, or a decision that the metric cannot serve."""

    status = 422


class Cancelled(StackyardError):
    """The work was cancelled by a member."""

    status = 409


class RebuildDiffers(StackyardError):
    """A submission was rebuilt from its lineage, and the bytes are not the same."""

    status = 500


class ShapeMismatch(StackyardError):
    """Arrays that belong together have shapes that do not fit."""

    status = 422


class LimitExceeded(StackyardError):
    """Reading a file took more memory or time than a member's file may take."""

    status = 422


class WorkerLost(StackyardError):
    """The worker died on this in every attempt that it is given."""

    status = 500


# The client


class ServerUnreachable(StackyardError):
    """The client could not reach the server at all."""

    status = 503


class NotConfigured(StackyardError):
    """The client was given no server address or token."""


class ServerFault(StackyardError):
    """The server failed in a way that it has no name for; its log knows more."""

    status = 500


def _tree(root: type[StackyardError]) -> Iterator[type[StackyardError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)


ERRORS: dict[str, type[StackyardError]] = {error.__name__: error for error in _tree(StackyardError)}
