"""The member's side in Python: `Client(url, token).upload("spooky", name="m1", oof=frame, test=frame)`.

Every refusal is a named error of `stackyard.errors`; a server that does not answer is ServerUnreachable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import httpx
from stackyard.contract.contract import Contract
from stackyard.errors import Cancelled, InvalidRequest

from members.answers import BoardRow, Check, Competition, Ensemble, FoldsReport, Me, Prediction, Submission, WrittenFile
from members.checking import check_files
from members.contracts import Contracts
from members.exporting import Export, Format, export_competition
from members.faults import error_in
from members.foldfiles import FoldFile, Shape, read_fold_file
from members.frames import table_of_values
from members.progress import OnStep, Step, ignore_steps
from members.settings import load_settings
from members.specs import Recipe, read_ensemble_recipe, read_prediction_recipe, read_spec
from members.submissions import fetch_file, target_file, wait_built, wait_rebuilt
from members.uploads import hand_in, send_path, wait_judged, with_outcome
from members.waiting import wait_until
from members.wire import PATIENT_PAUSES, Sleep, Wire, path_to

Repeats = Literal["error", "mean"]
EmptyTags = Literal["error", "accept"]
ENDED = frozenset({"done", "failed", "cancelled"})


class Client:
    """One member of one team at one server.

    url, token: where absent, STACKYARD_URL and STACKYARD_TOKEN, else what `stackyard login` remembered.
    timeout: seconds that a single answer may take. transport: httpx's, for tests. home: where contracts are kept (`$STACKYARD_HOME`).
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        home: Path | None = None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.settings = load_settings(url, token, home)
        self.wire = Wire(self.settings, timeout, transport, sleep)
        self.contracts = Contracts(self.wire, self.settings)

    def __enter__(self) -> Client:
        """Use the client in a with statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connections."""
        self.wire.close()

    def me(self) -> Me:
        """Return who asks, and in which team and role."""
        answer: Me = self.wire.get("me")
        return answer

    # Competitions and folds

    def competitions(self) -> list[Competition]:
        """Return the team's competitions."""
        answer: list[Competition] = self.wire.get("competitions")
        return answer

    def competition(self, slug: str) -> Competition:
        """Return one competition."""
        answer: Competition = self.wire.get(path_to("competitions", slug))
        return answer

    def create_competition(self, spec_path: str | Path, wait: bool = True, progress: OnStep = ignore_steps) -> Competition:
        """Create a competition from SPEC.toml: judge it here, send the files it names, and wait until it is open or rejected.

        Raises SpecInvalid before anything is sent; look at `state` and `errors` for what the server found in the files.
        """
        path = Path(spec_path)
        spec = read_spec(path)
        files = {name: send_path(self.wire, path.parent / name, progress) for name in dict.fromkeys(spec.files.values())}
        answer: Competition = self.wire.post("competitions", {"spec": spec.as_json(), "files": files}, wait)
        if not wait:
            return answer

        def show(competition: Competition) -> None:
            progress(Step(f"the server reads labels and makes folds ({competition['state']})"))

        return wait_until(answer, lambda: self._ask("competitions", spec.slug), lambda c: c["state"] != "preparing", show, self.wire.sleep)

    def contract(self, slug: str) -> Contract:
        """Return what a prediction must hold, with all ids; they are fetched once, and again when the server's contract has changed."""
        return self.contracts.fetch(slug)

    def folds(self, slug: str, shape: Shape = "csv") -> FoldFile:
        """Return the folds in one of three shapes, checked against their digest; later uploads say that they were made on these.

        Raises DigestMismatch where the rows that came are not the folds that the digest names.
        """
        contract = self.contract(slug)
        folds = read_fold_file(self.wire.get_text(path_to("competitions", slug, "folds"), {"shape": shape}), shape, contract)
        self.contracts.take_folds(slug, folds["digest"])
        return folds

    def folds_report(self, slug: str) -> FoldsReport:
        """Return how many rows of each class each fold holds, with warnings."""
        answer: FoldsReport = self.wire.get(path_to("competitions", slug, "folds", "report"))
        return answer

    # Predictions

    def check(
        self,
        slug: str,
        oof: Any = None,
        test: Any = None,
        fold: int | None = None,
        repeats: Repeats = "error",
        empty_tags: EmptyTags = "error",
    ) -> Check:
        """Judge files or frames as the server would, without sending them; without a server, by the contract that was fetched before."""
        if oof is None and test is None:
            raise InvalidRequest("expected oof, test or both to check, got neither")
        contract, notes = self.contracts.fetch_or_keep(slug)
        given = {which: values for which, values in (("oof", oof), ("test", test)) if values is not None}
        sources = {
            which: values if isinstance(values, (str, Path)) else table_of_values(values, contract, which, fold)
            for which, values in given.items()
        }
        return check_files(contract, sources, fold, repeats, empty_tags, notes)

    def upload(
        self,
        slug: str,
        *,
        name: str,
        oof: Any,
        test: Any = None,
        variant: str = "",
        fold: int | None = None,
        recipe: Recipe | None = None,
        repeats: Repeats = "error",
        empty_tags: EmptyTags = "error",
        folds: str | None = None,
        wait: bool = True,
        progress: OnStep = ignore_steps,
    ) -> Prediction:
        """Upload one model's out-of-fold (and test) predictions, whole or one fold, and wait for the score.

        oof, test: a path (sent as it is, in pieces), a polars or pandas frame, a dict of arrays, a pair (ids, array), or an array alone
        whose rows are in the contract's order. recipe: how it was made, a mapping or the path of a JSON file.
        folds: digest of the folds that the model was trained on; where absent, of those that this machine took last.
        Look at `state` and `errors`: a file that breaks the contract is `rejected`, and no exception.
        """
        body: dict[str, Any] = {"name": name, "variant": variant, "repeats": repeats, "empty_tags": empty_tags}
        if fold is not None:
            body["fold"] = fold
        if recipe is not None:
            body["recipe"] = read_prediction_recipe(recipe)
        if digest := folds or self.contracts.taken_folds(slug):
            body["folds"] = digest
        for which, values in (("oof", oof), ("test", test)):
            if values is not None:
                body[which] = hand_in(self.wire, self.contracts, slug, values, which, fold, progress)
        answer: Prediction = self.wire.post(path_to("competitions", slug, "predictions"), body, wait)
        if wait:
            answer = wait_judged(self.wire, answer, fold, progress)
        return with_outcome(answer, fold)

    def prediction(self, prediction_id: int) -> Prediction:
        """Return one prediction."""
        answer: Prediction = self._ask("predictions", prediction_id)
        return answer

    def predictions(self, slug: str, state: str | None = None, owner: str | None = None, name: str | None = None) -> list[Prediction]:
        """Return a competition's predictions, all versions."""
        answer: list[Prediction] = self.wire.get(
            path_to("competitions", slug, "predictions"), {"state": state, "owner": owner, "name": name}
        )
        return answer

    def board(self, slug: str, level: int | None = None, **filters: str) -> list[BoardRow]:
        """Return the leaderboard, best first; filters are the API's: owner, variant, state, search, ordering, versions."""
        answer: list[BoardRow] = self.wire.get(path_to("competitions", slug, "leaderboard"), {"level": level, **filters})
        return answer

    # Ensembles

    def ensemble(
        self,
        slug: str,
        recipe: Recipe | None = None,
        only: Sequence[str] | None = None,
        name: str | None = None,
        seed: int | None = None,
        wait: bool = True,
        on_progress: Callable[[Ensemble], Any] = lambda _: None,
    ) -> Ensemble:
        """Stack and blend the scored predictions (or `only` some), and wait for it; on_progress sees each answer on the way.

        recipe: a mapping, or the path of a TOML file; where absent the server's default.
        Raises Cancelled, or the named error that the run failed with.
        """
        body = {
            "recipe": None if recipe is None else read_ensemble_recipe(recipe),
            "only": list(only) if only else None,
            "name": name,
            "seed": seed,
        }
        given = {key: value for key, value in body.items() if value is not None}
        answer: Ensemble = self.wire.post(path_to("competitions", slug, "ensembles"), given)
        return self.wait_ensemble(answer, on_progress) if wait else answer

    def wait_ensemble(self, ensemble: Ensemble, on_progress: Callable[[Ensemble], Any] = lambda _: None) -> Ensemble:
        """Wait for a run that was begun; raise Cancelled, or the named error that it failed with."""
        last = wait_until(
            ensemble, lambda: self._ask("ensembles", ensemble["id"]), lambda e: e["state"] in ENDED, on_progress, self.wire.sleep
        )
        if last["state"] == "cancelled":
            raise Cancelled(f"expected ensemble {last['name']} to end, got it cancelled by a member")
        if last["state"] == "failed":
            raise error_in(last.get("error"), f"expected ensemble {last['name']} to end, got a failure without a reason")
        return last

    def cancel(self, ensemble_id: int) -> Ensemble:
        """Ask a queued or running ensemble to stop."""
        answer: Ensemble = self.wire.post(path_to("ensembles", ensemble_id, "cancel"), {})
        return answer

    def permuted(
        self,
        ensemble_id: int,
        runs: int | None = None,
        seed: int | None = None,
        wait: bool = True,
        on_progress: Callable[[Ensemble], Any] = lambda _: None,
    ) -> Ensemble:
        """Have a finished ensemble's recipe learn from permuted labels, `runs` times over; what came of it stands under `permuted`.

        Raises WrongState for an ensemble that is not done, and the named error that the run failed with.
        """
        given = {key: value for key, value in (("runs", runs), ("seed", seed)) if value is not None}
        answer: Ensemble = self.wire.post(path_to("ensembles", ensemble_id, "permuted"), given)
        if not wait:
            return answer
        last = wait_until(
            answer, lambda: self._ask("ensembles", ensemble_id), lambda e: e["permuted"]["state"] in ENDED, on_progress, self.wire.sleep
        )
        if last["permuted"]["state"] != "done":
            raise error_in(last["permuted"].get("error"), "expected the permuted labels to be learned from, got a failure without a reason")
        return last

    # Submissions

    def submit(self, slug: str, prediction: int | str, path: str | Path, note: str | None = None) -> WrittenFile:
        """Make a submission of a scored prediction (its id, or its name; "owner/name" to be exact), and write the file.

        Raises InvalidRequest for a path that cannot be written, before the quota is touched; QuotaExceeded, WrongState, DeadlinePassed.
        """
        target = target_file(path)
        body = {"prediction": prediction, **({} if note is None else {"note": note})}
        answer: Submission = self.wire.post(path_to("competitions", slug, "submissions"), body, wait=True)
        return fetch_file(self.wire, wait_built(self.wire, answer), target)

    def rebuild(self, submission_id: int, path: str | Path) -> WrittenFile:
        """Have the server make a submission again from its lineage, and write the file.

        Raises RebuildDiffers unless the bytes are the same.
        """
        target = target_file(path)
        answer = self.wire.post(path_to("submissions", submission_id, "rebuild"), {}, wait=True)
        # a rebuild that takes long is answered with the submission itself, to be asked for again
        submission = self.submission(submission_id) if "identical" in answer else wait_rebuilt(self.wire, answer)
        return fetch_file(self.wire, submission, target)

    def submissions(self, slug: str) -> list[Submission]:
        """Return a competition's submissions."""
        answer: list[Submission] = self.wire.get(path_to("competitions", slug, "submissions"))
        return answer

    def submission(self, submission_id: int) -> Submission:
        """Return one submission."""
        answer: Submission = self._ask("submissions", submission_id)
        return answer

    def result(self, submission_id: int, public: float | None = None, private: float | None = None) -> Submission:
        """Write down what the competition's own leaderboard says of a submission."""
        scores = {"public_score": public, "private_score": private}
        given = {name: score for name, score in scores.items() if score is not None}
        if not given:
            raise InvalidRequest("expected a public or a private score, got neither")
        answer: Submission = self.wire.patch(path_to("submissions", submission_id), given)
        return answer

    def export(self, slug: str, folder: str | Path, format: Format = "parquet", progress: OnStep = ignore_steps) -> Export:  # noqa: A002
        """Write a competition into a folder: folds, contract, leaderboard, aligned predictions; what is there is not fetched again."""
        return export_competition(self, slug, Path(folder), format, progress)

    def _ask(self, *names: str | int) -> Any:
        return self.wire.get(path_to(*names), pauses=PATIENT_PAUSES)
