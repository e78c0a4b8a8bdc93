"""A server in memory that keeps the REST contract for one small competition, and breaks where a test tells it to."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import polars as pl
from stackyard.contract.contract import Contract
from stackyard.contract.digests import sha256_bytes
from stackyard.contract.validating import check_oof, check_test

URL, TOKEN = "http://server.test", "secret-token"
TINY = Contract(
    slug="tiny",
    task="multiclass",
    metric="multiclass_log_loss",
    id_column="id",
    classes=("a", "b"),
    train_ids=["r1", "r2", "r3", "r4", "r5", "r6"],
    test_ids=["t1", "t2", "t3"],
    folds=[0, 1, 2, 0, 1, 2],
)
REPORT = {"digest": TINY.folds_digest, "count": 3, "made_by": "stratified", "seed": 0, "classes": ["a", "b"], "sizes": [2, 2, 2]}
Answer = httpx.Response
Breakage = Callable[[httpx.Request], Answer]


class FakeServer:
    """Answers as DESIGN's API does; `breakages` are used up first, one a request."""

    def __init__(self) -> None:
        self.contract = TINY
        self.requests: list[httpx.Request] = []
        self.breakages: list[Breakage | None] = []
        self.blobs: dict[str, bytes] = {}
        self.partial: dict[str, bytes] = {}
        self.competition = {
            "slug": "tiny",
            "name": "Tiny",
            "task": "multiclass",
            "metric": "multiclass_log_loss",
            "metric_options": {},
            "higher_is_better": False,
            "state": "open",
            "errors": [],
            "warnings": ["class b has fewer rows than there are folds"],
            "id_column": "id",
            "tags_column": "",
            "classes": ["a", "b"],
            "train_rows": 6,
            "test_rows": 3,
            "submissions_per_day": 5,
            "deadline": None,
            "folds": {"digest": TINY.folds_digest, "count": 3, "made_by": "stratified", "seed": 0},
            "predictions": 0,
        }
        self.predictions: list[dict[str, Any]] = []
        self.arrays: dict[str, bytes] = {}
        self.ensemble_states = ["queued", "running", "done"]
        self.ensemble_error: Any = {}
        self.permuted_states: list[str] | None = None
        self.submission = b"id,a,b\nt1,0.5,0.5\n"
        self.submission_states = ["built"]
        self.rebuild_answer: dict[str, Any] = {"id": 1, "digest": "", "identical": True, "checks": []}

    def sent(self, method: str, ending: str = "") -> list[httpx.Request]:
        """The requests of one method whose path has this ending."""
        return [request for request in self.requests if request.method == method and request.url.path.endswith(ending)]

    def bodies(self, ending: str) -> list[dict[str, Any]]:
        """The JSON bodies of POST requests."""
        return [json.loads(request.content) for request in self.sent("POST", ending)]

    def answer(self, request: httpx.Request) -> Answer:
        self.requests.append(request)
        breakage = self.breakages.pop(0) if self.breakages else None
        if breakage is not None:
            return breakage(request)
        path = request.url.path.removeprefix("/api/v1/")
        for (method, pattern), handle in ROUTES.items():
            if method == request.method and (found := re.fullmatch(pattern, path)):
                return handle(self, request, *found.groups())
        return refusal("NotFound", f"expected something at {path}, got nothing", 404)

    # Blobs

    def head_blob(self, _: httpx.Request, digest: str) -> Answer:
        if digest in self.blobs:
            return Answer(200)
        return Answer(404, headers={"Upload-Offset": str(len(self.partial.get(digest, b"")))})

    def put_blob(self, request: httpx.Request, digest: str) -> Answer:
        held, total, start = self.partial.get(digest, b""), len(request.content), 0
        if "Content-Range" in request.headers:
            start, _, total = map(int, re.findall(r"\d+", request.headers["Content-Range"]))
            if start != len(held):
                return refusal("WrongOffset", f"expected byte {len(held)}, got {start}", 409, [{"offset": len(held)}])
        whole = (held if start else b"") + request.content
        if len(whole) < total:
            self.partial[digest] = whole
            return Answer(202, json={"digest": digest, "offset": len(whole), "state": "partial"})
        self.partial.pop(digest, None)
        if sha256_bytes(whole) != digest:
            return refusal("DigestMismatch", "expected other bytes", 422)
        self.blobs[digest] = whole
        return Answer(201, json={"digest": digest, "size": len(whole), "state": "whole"})

    # Competitions

    def me(self, request: httpx.Request) -> Answer:
        if request.headers["Authorization"] != f"Token {TOKEN}":
            return refusal("NotLoggedIn", "expected a valid token, got another", 401)
        me = {"user": "ada", "team": "demo", "team_name": "Demo", "role": "admin", "scope": "admin", "teams": []}
        return Answer(200, json={**me, "expires_at": "2026-12-31T00:00:00Z"})

    def list_competitions(self, _: httpx.Request) -> Answer:
        return Answer(200, json=[self.competition])

    def create_competition(self, _: httpx.Request) -> Answer:
        return Answer(202, json={**self.competition, "state": "preparing"})

    def show_competition(self, _: httpx.Request) -> Answer:
        return Answer(200, json=self.competition)

    def show_contract(self, request: httpx.Request) -> Answer:
        return Answer(200, json=self.contract.as_json(with_ids=request.url.params.get("ids") == "true"))

    def show_folds(self, request: httpx.Request) -> Answer:
        ids, folds = TINY.train_ids.to_list(), TINY.folds.tolist()
        rows = [np.flatnonzero(TINY.folds == fold).tolist() for fold in range(3)]
        lists = [{"train": [i for i, f in zip(ids, folds, strict=True) if f != k], "val": [ids[row] for row in rows[k]]} for k in range(3)]
        return {
            "csv": Answer(200, text="id,fold\n" + "".join(f"{i},{f}\n" for i, f in zip(ids, folds, strict=True))),
            "positions": Answer(200, json={"digest": TINY.folds_digest, "folds": rows}),
            "lists": Answer(200, json={"digest": TINY.folds_digest, "folds": lists}),
        }[request.url.params["shape"]]

    def show_report(self, _: httpx.Request) -> Answer:
        return Answer(200, json={**REPORT, "counts": [[1, 1, 1], [1, 1, 1]], "warnings": self.competition["warnings"]})

    # Predictions

    def upload(self, request: httpx.Request) -> Answer:
        form = json.loads(request.content)
        if form.get("folds", TINY.folds_digest) != TINY.folds_digest:
            return refusal("FoldsMismatch", "expected predictions made on other folds", 422)
        fold, errors = form.get("fold"), []
        for kind in ("oof", "test"):
            if kind in form:
                errors += [{**error, "file": kind} for error in self._judge(kind, form, fold)]
        part = {"fold": fold, "state": "rejected" if errors else "accepted", "errors": errors, "oof_name": "", "test_name": ""}
        missing = [k for k in range(3) if k != fold] if fold is not None else []
        state = "rejected" if errors and fold is None else "partial" if fold is not None else "scored"
        score = 0.25 if state == "scored" else None
        row = prediction_row(len(self.predictions) + 1, form["name"], state=state, score=score, errors=errors if fold is None else [])
        self.predictions.append({**row, "variant": form["variant"], "parts": [part], "missing_folds": missing})
        return Answer(
            202, json={**row, "state": "receiving", "score": None, "errors": [], "parts": [{**part, "state": "waiting", "errors": []}]}
        )

    def _judge(self, kind: str, form: dict[str, Any], fold: int | None) -> list[dict[str, Any]]:
        content, name = self.blobs[form[kind]["blob"]], form[kind]["filename"]
        frame = pl.read_parquet(io.BytesIO(content)) if name.endswith("parquet") else pl.read_csv(content)
        report = check_oof(frame, TINY, fold, form["repeats"]) if kind == "oof" else check_test(frame, TINY, form["repeats"])
        return [error.as_json() for error in report.errors]

    def list_predictions(self, request: httpx.Request) -> Answer:
        state = request.url.params.get("state")
        return Answer(200, json=[row for row in self.predictions if state in {None, row["state"]}])

    def show_prediction(self, _: httpx.Request, key: str) -> Answer:
        return Answer(200, json=self.predictions[int(key) - 1])

    def show_array(self, _: httpx.Request, key: str, kind: str) -> Answer:
        return Answer(200, content=self.arrays[f"{key}/{kind}"])

    def hold_scored(self, name: str, owner: str = "ada") -> None:
        """Hold a scored prediction with arrays, as if it had been uploaded."""
        row = prediction_row(len(self.predictions) + 1, name, state="scored", score=0.25, errors=[], owner=owner, has_test=True)
        for kind, rows in (("oof", 6), ("test", 3)):
            content = npy_bytes(np.full((rows, 2), 0.5, np.float32))
            self.arrays[f"{row['id']}/{kind}"] = content
            row[f"{kind}_digest"] = hashlib.sha256(content).hexdigest()
        self.predictions.append(row)

    def board(self, _: httpx.Request) -> Answer:
        rows = [row for row in self.predictions if row["state"] == "scored"]
        return Answer(200, json=[{**board_row(rank, row), "folds": "3/3"} for rank, row in enumerate(rows, 1)])

    # Ensembles and submissions

    def _ensemble(self) -> dict[str, Any]:
        state = self.ensemble_states.pop(0) if len(self.ensemble_states) > 1 else self.ensemble_states[0]
        done = state == "done"
        return {
            "id": 3,
            "name": "ensemble-1",
            "competition": "tiny",
            "owner": "ada",
            "state": state,
            "progress": {"done": 1, "total": 4, "sentence": "logistic, fold 1 of 3"},
            "score": 0.2 if done else None,
            "in_sample_score": 0.1 if done else None,
            "weights": {"m1": 0.75, "m2": 0.25} if done else {},
            "notes": [],
            "predictions": [{"id": 9, "name": "ensemble-1", "level": 3, "method": "greedy", "score": 0.2}] if done else [],
            "prediction": 9 if done else None,
            "prediction_name": "ensemble-1" if done else None,
            "permuted": self.permuted_states and self._permuted(),
            "error": self.ensemble_error,
        }

    def _permuted(self) -> dict[str, Any]:
        state = self.permuted_states.pop(0) if len(self.permuted_states) > 1 else self.permuted_states[0]
        numbers = {"score": 1.0987, "chance": 1.0986, "sigma": 0.0002, "sigmas": -0.5, "verdict": "at chance"}
        return {
            "state": state,
            "runs": 5,
            "progress": {"done": 1, "total": 10, "sentence": "permutation 1 of 5: ridge"},
            "models": [{"name": "ridge", **numbers}, {"name": "blend", **numbers}] if state == "done" else [],
            "error": {"error": "WorkerLost", "detail": "expected a worker, got none"} if state == "failed" else {},
            **(numbers if state == "done" else dict.fromkeys(numbers)),
        }

    def permute(self, *_: object) -> Answer:
        self.permuted_states = self.permuted_states or ["queued", "running", "done"]
        return Answer(202, json=self._ensemble())

    def ensemble(self, *_: object) -> Answer:
        return Answer(202, json=self._ensemble())

    def _submission(self) -> dict[str, Any]:
        state = self.submission_states.pop(0) if len(self.submission_states) > 1 else self.submission_states[0]
        return {
            "id": 1,
            "number": 1,
            "competition": "tiny",
            "prediction": {"id": 9, "name": "ensemble-1", "score": 0.2},
            "state": state,
            "error": {"error": "WorkerLost", "detail": "the worker died"} if state == "failed" else {},
            "digest": sha256_bytes(self.submission),
            "rows": 3,
            "public_score": None,
            "private_score": None,
            "rebuild": {"state": "identical"},
        }

    def show_submission(self, *_: object) -> Answer:
        return Answer(200, json=self._submission())

    def patch_submission(self, request: httpx.Request, _: str) -> Answer:
        return Answer(200, json={**self._submission(), **json.loads(request.content)})

    def submission_file(self, *_: object) -> Answer:
        return Answer(200, content=self.submission)

    def rebuild(self, *_: object) -> Answer:
        return Answer(200, json=self.rebuild_answer)


ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", "me"): FakeServer.me,
    ("HEAD", "blobs/(.*)"): FakeServer.head_blob,
    ("PUT", "blobs/(.*)"): FakeServer.put_blob,
    ("GET", "competitions"): FakeServer.list_competitions,
    ("POST", "competitions"): FakeServer.create_competition,
    ("GET", "competitions/tiny"): FakeServer.show_competition,
    ("GET", "competitions/tiny/contract"): FakeServer.show_contract,
    ("GET", "competitions/tiny/folds"): FakeServer.show_folds,
    ("GET", "competitions/tiny/folds/report"): FakeServer.show_report,
    ("POST", "competitions/tiny/predictions"): FakeServer.upload,
    ("GET", "competitions/tiny/predictions"): FakeServer.list_predictions,
    ("GET", r"predictions/(\d+)"): FakeServer.show_prediction,
    ("GET", r"predictions/(\d+)/(oof|test)"): FakeServer.show_array,
    ("GET", "competitions/tiny/leaderboard"): FakeServer.board,
    ("POST", "competitions/tiny/ensembles"): FakeServer.ensemble,
    ("GET", r"ensembles/(\d+)"): FakeServer.ensemble,
    ("POST", r"ensembles/(\d+)/cancel"): FakeServer.ensemble,
    ("POST", r"ensembles/(\d+)/permuted"): FakeServer.permute,
    ("POST", "competitions/tiny/submissions"): FakeServer.show_submission,
    ("GET", r"submissions/(\d+)"): FakeServer.show_submission,
    ("PATCH", r"submissions/(\d+)"): FakeServer.patch_submission,
    ("GET", r"submissions/(\d+)/file"): FakeServer.submission_file,
    ("POST", r"submissions/(\d+)/rebuild"): FakeServer.rebuild,
}


def refusal(code: str, detail: str, status: int, rows: list[dict[str, Any]] | None = None) -> Answer:
    return Answer(status, json={"error": code, "detail": detail, "count": len(rows or []), "rows": rows or []})


def npy_bytes(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def prediction_row(
    key: int, name: str, *, state: str, score: float | None, errors: list, owner: str = "ada", has_test: bool = False
) -> dict:
    return {
        "id": key,
        "competition": "tiny",
        "name": name,
        "variant": "",
        "version": 1,
        "level": 1,
        "owner": owner,
        "state": state,
        "score": score,
        "mean": score,
        "std": None if score is None else 0.01,
        "by_fold": [] if score is None else [0.24, 0.25, 0.26],
        "metric": "multiclass_log_loss",
        "errors": errors,
        "notes": [],
        "parts": [],
        "missing_folds": [],
        "has_test": has_test,
        "recipe": {},
        "parents": [],
        "oof_digest": "",
        "test_digest": "",
    }


def board_row(rank: int, row: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "owner", "level", "variant", "version", "score", "mean", "std", "by_fold", "state", "has_test")
    sureness = {"low": 0.2375, "high": 0.2625, "within_noise": rank > 1}
    return {"rank": rank, **{name: row[name] for name in names}, **sureness}
