"""scikit-learn's digits (1,797 real 8 x 8 scans that come with it) laid out as a data folder, as small a whole run as there is."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

DATA_TOML = """
task = "multiclass"
metric = "accuracy_score"
id_column = "id"
labels = "labels.csv"
label_column = "digit"
{sample}
[images]
train = "digits.npz"
test = "digits.npz"
id = "ids"
image = "images"
"""


def lay_out_digits(folder: Path, rows: int = 1797, test_rows: int = 0, folds: int = 5, seed: int = 0) -> Path:
    """Write digits.npz (ids, images uint8 0 to 255), labels.csv, data.toml, folds.csv and, with test rows, sample_submission.csv.

    rows: how many train rows, from the first on. test_rows: how many rows after those are test rows.
    Returns the folder (made if absent): `read_dataset(folder, folder / "folds.csv", recipe)` reads it; use channels = 1 and size = 0 or 8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images, digits = load_digits(return_X_y=True)
    ids = np.array([f"digit-{row:04d}" for row in range(rows + test_rows)])
    pixels = np.rint(images[: len(ids)] * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    np.savez(folder / "digits.npz", ids=ids, images=pixels)
    _write(folder / "labels.csv", "id,digit", zip(ids[:rows], digits[:rows], strict=True))
    numbers = np.empty(rows, np.int64)
    for fold, (_, held) in enumerate(StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(rows), digits[:rows])):
        numbers[held] = fold
    _write(folder / "folds.csv", "id,fold", zip(ids[:rows], numbers, strict=True))
    if test_rows:
        header = "id," + ",".join(map(str, range(10)))
        _write(folder / "sample_submission.csv", header, ((name, *[0.1] * 10) for name in ids[rows:]))
    sample = 'sample_submission = "sample_submission.csv"' if test_rows else ""
    (folder / "data.toml").write_text(DATA_TOML.format(sample=sample))
    return folder


def _write(path: Path, header: str, rows) -> None:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
