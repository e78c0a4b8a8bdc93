"""Decoding many images into an array on disk, by as many processes as pay."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.decoding import Pixels, decode, fit
from pipelines.errors import DataInvalid, ImageCorrupt
from pipelines.image_source import Item, Source
from pipelines.recipe import Data
from pipelines.stopping import ANEW, StopRequest

CHUNK = 128
FEW = 4000
"""Images that one process decodes before others have started."""
MOST_FAILURES = 100
AHEAD = 3
"""Chunks that wait for each process: enough that none waits, few enough to hold."""
Failure = tuple[str, str]
"""Id and what was expected and came."""


@dataclass
class Tally:
    """What is learnt on the way: how often each value occurs in each channel, and which images failed."""

    counts: npt.NDArray[np.int64]
    """int64 (channels, 256 or 65,536)."""
    failures: list[Failure] = field(default_factory=list)

    @property
    def mean(self) -> list[float]:
        """A channel; exact sums of whole numbers, whatever the order of the chunks."""
        return [self._sum(row, 1) / int(row.sum()) for row in self.counts]

    @property
    def deviation(self) -> list[float]:
        """A channel; 1 where all values are the same."""
        total = [int(row.sum()) for row in self.counts]
        variances = [self._sum(row, 2) * n - self._sum(row, 1) ** 2 for row, n in zip(self.counts, total, strict=True)]
        return [math.sqrt(variance) / n if variance else 1.0 for variance, n in zip(variances, total, strict=True)]

    @staticmethod
    def _sum(row: npt.NDArray[np.int64], power: int) -> int:
        return sum(int(count) * int(value) ** power for value, count in zip(np.flatnonzero(row), row[row > 0], strict=True))


def find_shape(source: Source, ids: Sequence[str], form: Data) -> tuple[int, int, int]:
    """Return channels, height and width of the stored images: as asked for, else the first image's own."""
    if not ids:
        raise DataInvalid(f"expected ids to read images of from {source.path}, got none")
    if form.size:
        return form.channels, form.size, form.size
    (first,) = next(source.chunks(ids[:1], 1))
    try:
        channels, high, wide = _load(first, form).shape
    except ImageCorrupt as error:
        raise ImageCorrupt(f"expected {error.detail} ({source.place(ids[0])})") from error
    return channels, high, wide


def fill(
    path: Path, source: Source, ids: Sequence[str], form: Data, processes: int | None = None, request: StopRequest | None = None
) -> Tally:
    """Decode all images into the .npy file at `path`, whose room is there already.

    Raises ImageCorrupt that names the images that failed and where they lie, the first five of them; Stopped between two chunks if
    somebody asks, and then the file is not whole.
    """
    request = request or StopRequest()
    count = processes or (1 if len(ids) < FEW else max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))
    order = source.reading_order(ids)
    parts = [order[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    chunks = source.chunks([ids[row] for row in order], CHUNK)
    work = ((rows, [ids[row] for row in rows], items) for rows, items in zip(parts, chunks, strict=True))
    tally = Tally(np.zeros((form.channels, np.iinfo(form.depth).max + 1), np.int64))
    decode_chunk = partial(fill_chunk, str(path), form)
    results = itertools.starmap(decode_chunk, work) if count == 1 else _share(decode_chunk, work, count, request)
    for done, one in enumerate(results, 1):
        if done < len(parts):
            request.obey(ANEW)
        tally.counts += one.counts
        tally.failures += one.failures
        if len(tally.failures) >= MOST_FAILURES:
            break
    if tally.failures:
        raise _corrupt(tally.failures, source)
    return tally


def _corrupt(failures: Sequence[Failure], source: Source) -> ImageCorrupt:
    name, said = failures[0]
    others = ", ".join(source.place(other) for other, _ in failures[1:5])
    more = f", nor {others}" if others else ""
    many = f" and {len(failures) - 5} more" if len(failures) > 5 else ""
    return ImageCorrupt(f"expected {said} ({source.place(name)}{more}{many})")


def _share(
    decode_chunk: Callable[..., Tally], work: Iterator[tuple[list[int], list[str], list[Item]]], count: int, request: StopRequest
) -> Iterator[Tally]:
    """Yield what fresh processes make of the chunks, with few chunks waiting; a fork could take over locks that threads hold here."""
    waiting: deque[Future[Tally]] = deque()
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        try:
            for chunk in work:
                waiting.append(pool.submit(decode_chunk, *chunk))
                if len(waiting) > AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            request.obey(ANEW)  # who signals a whole group of processes ends these too
            guard = "a script has to begin runs below if __name__ == '__main__'"
            raise DataInvalid(f"expected {count} processes to decode images, got one that died ({guard}): {error}") from error
        finally:
            pool.shutdown(cancel_futures=True)


def fill_chunk(path: str, form: Data, rows: Sequence[int], names: Sequence[str], items: Sequence[Item]) -> Tally:
    """Decode images into these rows of the file; what fails is told, not raised, so that all of it can be."""
    array = np.load(path, mmap_mode="r+")
    tally = Tally(np.zeros((form.channels, np.iinfo(form.depth).max + 1), np.int64))
    for row, name, item in zip(rows, names, items, strict=True):
        try:
            array[row] = _load_sized(item, form, array.shape[1:])
        except ImageCorrupt as error:
            tally.failures.append((name, error.detail))
    _count(np.asarray(array)[rows], tally.counts)
    return tally


def _count(block: npt.NDArray[Any], counts: npt.NDArray[np.int64]) -> None:
    for channel in range(block.shape[1]):
        counts[channel] += np.bincount(block[:, channel].ravel(), minlength=counts.shape[1])


def _load_sized(item: Item, form: Data, shape: tuple[int, ...]) -> Pixels:
    pixels = _load(item, form)
    if pixels.shape != shape:
        raise ImageCorrupt(f"images of one shape {shape} since data.size is 0, got {pixels.shape}: set data.size")
    return pixels


def _load(item: Item, form: Data) -> Pixels:
    if isinstance(item, np.ndarray):
        first = item.ndim == 3 and item.shape[2] != form.channels == item.shape[0]
        return fit(item.transpose(1, 2, 0) if first else item, form)
    if isinstance(item, bytes):
        return decode(item, form)
    try:
        encoded = Path(item).read_bytes()
    except OSError as error:
        raise ImageCorrupt(f"a readable file, got: {error}") from error
    return decode(encoded, form)
