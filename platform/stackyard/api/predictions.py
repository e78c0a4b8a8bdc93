"""Predictions: upload them, look at one, take its arrays away."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Answer, ErrorAnswer, Form, parse
from stackyard.api.parsers import JsonBody
from stackyard.api.streaming import read_pieces, stream
from stackyard.api.views import MemberView, await_outcome, wait_preferred
from stackyard.competitions.models import Competition
from stackyard.competitions.queries import load_ids, open_competition_for
from stackyard.errors import InvalidRequest, NotFound
from stackyard.predictions.models import Prediction, PredictionState
from stackyard.predictions.queries import prediction_for, predictions_of
from stackyard.predictions.services import File, Upload, receive_upload
from stackyard.scoring.queries import prediction_row
from stackyard.scoring.tasks import read_and_score
from stackyard.storage.queries import load_array, open_blob
from stackyard.storage.services import store_stream
from stackyard.work.sending import send_on_commit

READ = {"GET": (Role.READER, Scope.READ)}
DIGEST = r"^[0-9a-f]{64}$"
NAME = r"^[^\s/:][^/:\n]*$"
ROWS_A_PIECE = 2000


class FileForm(Form):
    blob = serializers.RegexField(DIGEST)
    filename = serializers.CharField(max_length=255)


class PredictionForm(Form):
    name = serializers.RegexField(NAME, max_length=120, help_text="no slash, no colon: they separate owner, name and variant")
    variant = serializers.RegexField(NAME, max_length=40, allow_blank=True, default="")
    fold = serializers.IntegerField(min_value=0, allow_null=True, default=None)
    level = serializers.IntegerField(min_value=1, max_value=9, default=1)
    oof = FileForm()
    test = FileForm(allow_null=True, default=None)
    folds = serializers.RegexField(DIGEST, allow_blank=True, default="", help_text="digest of the fold set that the OOF was made on")
    repeats = serializers.ChoiceField(("error", "mean"), default="error")
    empty_tags = serializers.ChoiceField(("error", "accept"), default="error")
    recipe = serializers.DictField(default=dict)


class FileErrorAnswer(ErrorAnswer):
    file = serializers.CharField(required=False, help_text="oof or test")


class PartAnswer(Answer):
    fold = serializers.IntegerField(allow_null=True)
    state = serializers.CharField()
    oof_name = serializers.CharField()
    test_name = serializers.CharField()
    errors = serializers.ListField(child=FileErrorAnswer())


class ParentAnswer(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    owner = serializers.CharField()


class PredictionAnswer(Answer):
    id = serializers.IntegerField()
    competition = serializers.CharField()
    name = serializers.CharField()
    variant = serializers.CharField()
    version = serializers.IntegerField()
    level = serializers.IntegerField()
    owner = serializers.CharField()
    state = serializers.ChoiceField(PredictionState.choices)
    metric = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="of the 95 % interval of the score; null until it is measured")
    high = serializers.FloatField(allow_null=True)
    in_sample = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="how much in_sample flatters: positive where it looks better than the score")
    mean = serializers.FloatField(allow_null=True)
    std = serializers.FloatField(allow_null=True)
    by_fold = serializers.ListField(child=serializers.FloatField(allow_null=True))
    by_class = serializers.ListField(child=serializers.DictField())
    decision = serializers.DictField()
    errors = serializers.ListField(child=FileErrorAnswer())
    notes = serializers.ListField(child=serializers.CharField())
    parts = PartAnswer(many=True)
    missing_folds = serializers.ListField(child=serializers.IntegerField())
    has_test = serializers.BooleanField()
    recipe = serializers.DictField()
    parents = ParentAnswer(many=True)
    folds = serializers.CharField()
    oof_digest = serializers.CharField()
    test_digest = serializers.CharField()
    created_at = serializers.DateTimeField()
    scored_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class PredictionList(MemberView):
    needs = {**READ, "POST": (Role.MEMBER, Scope.UPLOAD)}
    parser_classes = [JsonBody, MultiPartParser]

    @extend_schema(
        operation_id="listPredictions",
        parameters=[OpenApiParameter(name, str) for name in ("state", "owner", "name", "level")],
        responses=PredictionAnswer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        rows = predictions_of(open_competition_for(request.membership.team, slug))
        for name, field in {"state": "state", "owner": "owner__username", "name": "name", "level": "level"}.items():
            if value := request.query_params.get(name):
                rows = rows.filter(**{field: value})
        return Response(PredictionAnswer([prediction_row(row) for row in rows], many=True).data)

    @extend_schema(operation_id="uploadPrediction", request=PredictionForm, responses={202: PredictionAnswer})
    def post(self, request: Request, slug: str) -> Response:
        team = request.membership.team
        competition = open_competition_for(team, slug)
        form = parse(PredictionForm, _as_json(request, competition))
        files = {kind: File(**form.pop(kind)) if form[kind] else form.pop(kind) for kind in ("oof", "test")}
        prediction = receive_upload(competition, request.user, Upload(**files, **form))
        send_on_commit(read_and_score, prediction.pk)
        found = await_outcome(lambda: prediction_for(team, prediction.pk), _is_settled, wait_preferred(request))
        headers = {"Location": f"/api/v1/predictions/{found.pk}"}
        return Response(_answer(found), status=status.HTTP_202_ACCEPTED, headers=headers)


def _is_settled(row: Prediction) -> bool:
    return row.state != PredictionState.RECEIVING and all(part.state != "waiting" for part in row.parts.all())


def _answer(row: Prediction) -> dict[str, Any]:
    return dict(PredictionAnswer(prediction_row(row)).data)


def _as_json(request: Request, competition: Competition) -> dict[str, Any]:
    """Return the form as JSON would have brought it; a multipart form's files become blobs first."""
    if not request.FILES:
        return dict(request.data)
    form: dict[str, Any] = {name: value for name, value in request.data.items() if name not in request.FILES and value != ""}
    for kind, file in request.FILES.items():
        form[kind] = {"blob": store_stream(competition.team_id, file, settings.BLOB_LIMIT_BYTES), "filename": file.name}
    if "recipe" in form:
        try:
            form["recipe"] = json.loads(form["recipe"])
        except ValueError as error:
            raise InvalidRequest(f"expected recipe to be JSON, got {form['recipe'][:40]!r}") from error
    return form


class PredictionDetail(MemberView):
    needs = READ

    @extend_schema(operation_id="showPrediction", responses=PredictionAnswer)
    def get(self, request: Request, key: int) -> Response:
        return Response(_answer(prediction_for(request.membership.team, key)))


class PredictionArray(MemberView):
    needs = READ

    @extend_schema(
        operation_id="downloadPrediction",
        parameters=[OpenApiParameter("format", enum=("csv", "npy"), default="csv")],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: int, kind: str) -> StreamingHttpResponse:
        row = prediction_for(request.membership.team, key)
        digest = row.oof_digest if kind == "oof" else row.test_digest
        if not digest:
            raise NotFound(f"expected {row} to hold {kind} predictions, it has none")
        name = f"{row.name.replace('/', '-')}-v{row.version}-{kind}"
        if request.query_params.get("format") == "npy":
            return stream(request, read_pieces(open_blob(digest)), f"{name}.npy", "application/octet-stream")
        return stream(request, _csv_pieces(row, kind, digest), f"{name}.csv", "text/csv")


class _Echo:
    """A file that hands back what is written: csv.writer then makes lines without keeping them."""

    def write(self, line: str) -> str:
        return line


def _csv_pieces(row: Prediction, kind: str, digest: str) -> Iterator[bytes]:
    ids = load_ids(row.competition)[0 if kind == "oof" else 1]
    values = load_array(digest)
    values = values.reshape(len(ids), -1)
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow([row.competition.id_column, *row.competition.classes]).encode()
    for start in range(0, len(ids), ROWS_A_PIECE):
        piece = values[start : start + ROWS_A_PIECE]
        yield "".join(writer.writerow([name, *map(str, cells)]) for name, cells in zip(ids[start:], piece, strict=False)).encode()
