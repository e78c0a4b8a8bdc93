"""What to do about an error: one sentence a code, for people; `{slug}` stands for the competition at hand."""

from __future__ import annotations

HINTS = {
    "NotLoggedIn": "ask an admin for a new token, or make one on the page Account; then `stackyard login URL --token T`",
    "RoleTooLow": "ask an admin of your team to do it, or to raise your role; `stackyard whoami` shows yours",
    "ScopeTooNarrow": "make a token with a wider scope on the page Account; `stackyard whoami` shows this one's",
    "NotFound": "`stackyard competition list` and `stackyard board {slug}` show what there is",
    "NameTaken": "choose another name: nothing is ever overwritten",
    "QuotaExceeded": "wait for the next day (UTC), or raise submissions_per_day in the competition",
    "UnreadableFile": "write the file again; its name must end as its bytes are (.csv, .csv.gz, .csv.zst, .parquet, .npz)",
    "UnknownFormat": "use CSV (also .gz, .zst), Parquet, or .npz with the arrays ids, predictions and columns",
    "MissingIdColumn": "add the id column; `stackyard competition show {slug}` names it",
    "MissingColumns": "add them, or rename yours; `stackyard competition show {slug}` lists the classes",
    "UnknownColumns": "drop them: only the id column and the classes belong there",
    "NotANumber": "fill or remove the fields; every class column holds numbers only",
    "NotFinite": "look for a division by zero or a log of zero in the model; every value must be finite",
    "OutOfRange": "give probabilities, not logits or percentages",
    "RowSumWrong": "each row's probabilities must sum to 1: use softmax, or divide by the row's sum",
    "MissingIds": "predict every row: train ids are in `stackyard folds {slug}`, test ids in the sample submission",
    "UnknownIds": "drop rows that are not the competition's; see that the files are not swapped",
    "DuplicateIds": "if the rows are views of one image, add `--repeats mean` to average them; else drop the surplus ones",
    "UnknownTags": "use the competition's spelling; `stackyard competition show {slug}` lists the classes",
    "EmptyTags": "if a row without tags is meant, add `--empty-tags accept`",
    "FoldsMismatch": "fetch the folds (`stackyard folds {slug} -o folds.csv`) and train on them again",
    "UnknownFold": "folds count from 0; `stackyard competition show {slug}` says how many there are",
    "FeaturesInvalid": "give every train and test id one row of finite numbers; fill what is not known, say with the column's mean",
    "SpecInvalid": "docs/cli.md shows a whole SPEC.toml",
    "RecipeInvalid": "leave the recipe out for the default one, or see docs/cli.md for what it may hold",
    "DigestMismatch": "see that nothing writes the file meanwhile, and try again",
}
"""Code -> what to try."""


def hint_for(code: str, slug: str | None) -> str | None:
    """Return what to try against an error, if anything is known.

    >>> hint_for("RowSumWrong", None)
    "each row's probabilities must sum to 1: use softmax, or divide by the row's sum"
    """
    hint = HINTS.get(code)
    return hint.replace("{slug}", slug or "SLUG") if hint else None
