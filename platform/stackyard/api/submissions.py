"""Submissions: make one, take the file away, have it made again, write down what came of it; and the day's quota."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Form, parse
from stackyard.api.streaming import read_pieces, stream
from stackyard.api.views import MemberRequest, MemberView, await_outcome, wait_preferred
from stackyard.competitions.queries import competition_for, open_competition_for
from stackyard.errors import InvalidRequest, WrongState
from stackyard.storage.queries import open_blob
from stackyard.submissions import queries
from stackyard.submissions.models import Submission, SubmissionState
from stackyard.submissions.services import ask_rebuild, make_submission, note_result
from stackyard.submissions.tasks import build, rebuild
from stackyard.work.limited import error_from
from stackyard.work.sending import send_on_commit

READ = {"GET": (Role.READER, Scope.READ)}
WRITE = (Role.MEMBER, Scope.UPLOAD)
WAIT_SECONDS = 30.0


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class NameOrId(serializers.Field):
    """A prediction's id as a number, or its name as text."""

    def to_internal_value(self, data: object) -> int | str:
        if isinstance(data, bool) or not isinstance(data, (int, str)) or data == "":
            raise serializers.ValidationError("expected an id or a name")
        return data

    def to_representation(self, value: int | str) -> int | str:
        return value


class SubmissionForm(Form):
    prediction = NameOrId(help_text='an id, a name (its latest scored version), or "owner/name"')
    note = serializers.CharField(max_length=400, allow_blank=True, default="")


class ResultForm(Form):
    public_score = serializers.FloatField(allow_null=True, required=False)
    private_score = serializers.FloatField(allow_null=True, required=False)
    note = serializers.CharField(max_length=400, allow_blank=True, required=False)


class RebuildForm(Form):
    deep = serializers.BooleanField(default=False, help_text="fit level-2 models and read uploaded files again, too")


class SubmittedPrediction(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    owner = serializers.CharField()
    level = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True)


class SubmissionRow(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    competition = serializers.CharField()
    prediction = SubmittedPrediction()
    owner = serializers.CharField()
    state = serializers.ChoiceField(SubmissionState.choices)
    error = serializers.DictField()
    digest = serializers.CharField(allow_blank=True)
    rows = serializers.IntegerField()
    day = serializers.DateField()
    public_score = serializers.FloatField(allow_null=True)
    private_score = serializers.FloatField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    url = serializers.CharField()


class SubmissionAnswer(SubmissionRow):
    lineage = serializers.DictField()
    rebuild = serializers.DictField()


class RebuildAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    digest = serializers.CharField()
    identical = serializers.BooleanField()
    checks = serializers.ListField(child=serializers.CharField(), help_text="what was computed again and found the same")


class QuotaAnswer(serializers.Serializer):
    per_day = serializers.IntegerField()
    used_today = serializers.IntegerField()
    left_today = serializers.IntegerField()
    resets_at = serializers.DateTimeField()


def _answer(submission: Submission) -> dict[str, Any]:
    return dict(SubmissionAnswer(queries.row_of(submission)).data)


class SubmissionList(MemberView):
    needs = {**READ, "POST": WRITE}

    @extend_schema(operation_id="listSubmissions", responses=SubmissionRow(many=True))
    def get(self, request: MemberRequest, slug: str) -> Response:
        rows = queries.submissions_of(competition_for(request.membership.team, slug)).defer("lineage")
        return Response(SubmissionRow([queries.short_row_of(row) for row in rows], many=True).data)

    @extend_schema(operation_id="makeSubmission", request=SubmissionForm, responses={201: SubmissionAnswer, 202: SubmissionAnswer})
    def post(self, request: MemberRequest, slug: str) -> Response:
        form = parse(SubmissionForm, request.data)
        team = request.membership.team
        competition = open_competition_for(team, slug)
        prediction = queries.prediction_named(competition, form["prediction"])
        submission = make_submission(competition, request.user, prediction, form["note"])
        send_on_commit(build, submission.pk)
        found = await_outcome(lambda: queries.submission_for(team, submission.pk), _is_settled, _wait_seconds(request))
        if found.state == SubmissionState.FAILED:
            raise error_from(found.error)
        code = status.HTTP_201_CREATED if found.state == SubmissionState.BUILT else status.HTTP_202_ACCEPTED
        return Response(_answer(found), status=code, headers={"Location": f"/api/v1/submissions/{found.pk}"})


def _is_settled(submission: Submission) -> bool:
    return submission.state != SubmissionState.QUEUED


def _wait_seconds(request: MemberRequest) -> float:
    """Writing a file takes well under a second, so whoever does not say otherwise gets the outcome itself."""
    return wait_preferred(request) if "Prefer" in request.headers else WAIT_SECONDS


class SubmissionDetail(MemberView):
    needs = {**READ, "PATCH": WRITE}

    @extend_schema(operation_id="showSubmission", responses=SubmissionAnswer)
    def get(self, request: MemberRequest, key: int) -> Response:
        return Response(_answer(queries.submission_for(request.membership.team, key)))

    @extend_schema(operation_id="noteResult", request=ResultForm, responses=SubmissionAnswer)
    def patch(self, request: MemberRequest, key: int) -> Response:
        changes = parse(ResultForm, request.data)
        if not changes:
            raise InvalidRequest("expected public_score, private_score or note, got none of them")
        submission = queries.submission_for(request.membership.team, key)
        return Response(_answer(note_result(submission, request.user, changes)))


class SubmissionFile(MemberView):
    needs = READ

    @extend_schema(operation_id="downloadSubmission", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: MemberRequest, key: int) -> StreamingHttpResponse | HttpResponse:
        submission = queries.submission_for(request.membership.team, key)
        if submission.state != SubmissionState.BUILT:
            raise WrongState(f"expected a submission that is built, number {submission.number} is {submission.state}")
        etag = f'"{submission.digest}"'
        if etag in parse_etags(request.headers.get("If-None-Match", "")):
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
        name = f"{submission.competition.slug}-{submission.number}.csv"
        return stream(request, read_pieces(open_blob(submission.digest)), name, "text/csv", ETag=etag)


class SubmissionRebuild(MemberView):
    needs = {"POST": WRITE}

    @extend_schema(operation_id="rebuildSubmission", request=RebuildForm, responses={200: RebuildAnswer, 202: SubmissionAnswer})
    def post(self, request: MemberRequest, key: int) -> Response:
        form = parse(RebuildForm, request.data)
        team = request.membership.team
        mark = ask_rebuild(queries.submission_for(team, key), form["deep"])
        send_on_commit(rebuild, key)
        found = await_outcome(
            lambda: queries.submission_for(team, key),
            lambda row: row.rebuild.get("key") != mark or row.rebuild["state"] != "queued",
            _wait_seconds(request),
        )
        outcome = found.rebuild
        if outcome["state"] == "queued":
            return Response(_answer(found), status=status.HTTP_202_ACCEPTED, headers={"Location": f"/api/v1/submissions/{key}"})
        if outcome["state"] != "identical":
            raise error_from(outcome["error"])
        return Response(RebuildAnswer({"id": key, "digest": found.digest, "identical": True, "checks": outcome["checks"]}).data)


class Quota(MemberView):
    needs = READ

    @extend_schema(operation_id="showQuota", responses=QuotaAnswer)
    def get(self, request: MemberRequest, slug: str) -> Response:
        return Response(QuotaAnswer(queries.quota_of(competition_for(request.membership.team, slug))).data)
