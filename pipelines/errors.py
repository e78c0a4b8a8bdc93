"""Every error that a run can end in, as a tree: one sentence says what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterator


class PipelineError(Exception):
    """The root: something that whoever started the run can mend."""

    def __init__(self, detail: str) -> None:
        """Keep the sentence."""
        super().__init__(detail)
        self.detail = detail

    @property
    def code(self) -> str:
        """The name that scripts may rely on."""
        return type(self).__name__

    def as_json(self) -> dict[str, str]:
        """One line of the progress stream."""
        return {"error": self.code, "detail": self.detail}


# The recipe


class RecipeInvalid(PipelineError):
    """A recipe has an unknown key, misses one, or holds a wrong value."""


class CodeInvalid(RecipeInvalid):
    """A name such as "members.kostia.nets:build" leads to nothing, or to something of the wrong kind."""


class ViewInvalid(RecipeInvalid):
    """A view for test-time augmentation is unknown, or does not fit the image's size."""


class WeightsMissing(PipelineError):
    """The file of pretrained weights is not where the recipe says."""


class WeightsMismatch(PipelineError):
    """The pretrained weights do not fit the net."""


class PackageMissing(PipelineError):
    """An optional package is needed for this and not installed."""


# The data


class DataInvalid(PipelineError):
    """The data folder does not say, or does not hold, what training needs."""


class ImageMissing(DataInvalid):
    """Ids have no image."""


class ImageCorrupt(DataInvalid):
    """An image cannot be decoded, or is not of the kind that the recipe says."""


class LabelUnknown(DataInvalid):
    """A label is none of the classes."""


class FoldsInvalid(DataInvalid):
    """The folds do not cover every train id exactly once, or a fold is asked for that they do not have."""


class FoldsMismatch(DataInvalid):
    """The recipe, a checkpoint or a teacher was made for other folds."""


# The run


class LossNotFinite(PipelineError):
    """The loss became NaN or infinite; the sentence says the step, the rate and the last good checkpoint."""


class MemoryExhausted(PipelineError):
    """A step does not fit into memory, even with a quarter of the batch at a time."""


class CheckpointDamaged(PipelineError):
    """No generation of a checkpoint passes its checksum."""


class RunMismatch(PipelineError):
    """The run folder holds another run: other recipe, data, folds or code."""


# What comes out


class PredictionInvalid(PipelineError):
    """Predictions do not keep the contract: shape, ids, range, row sums, or not finite."""


class ExportRefused(PipelineError):
    """The exported model's out-of-fold metric falls by more than the bound."""


def _tree(root: type[PipelineError]) -> Iterator[type[PipelineError]]:
    for child in root.__subclasses__():
        yield child
        yield from _tree(child)


ERRORS: dict[str, type[PipelineError]] = {error.__name__: error for error in _tree(PipelineError)}
"""Name -> error."""
