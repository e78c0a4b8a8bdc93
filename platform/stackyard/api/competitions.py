"""Competitions, their contract and their folds."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.views import MemberView, await_outcome, wait_preferred
from stackyard.competitions import queries, shapes
from stackyard.competitions.models import Competition, CompetitionState
from stackyard.competitions.services import create_competition
from stackyard.competitions.tasks import prepare
from stackyard.contract.groups import GROUP_KINDS
from stackyard.dashboards.queries import fold_figure
from stackyard.errors import InvalidRequest
from stackyard.work.sending import send_on_commit

SHAPES = ("csv", "positions", "lists")
READ = {"GET": (Role.READER, Scope.READ)}


class CompetitionForm(Form):
    spec = serializers.DictField(help_text="SPEC.toml as JSON; dates as ISO 8601 text")
    files = serializers.DictField(child=serializers.RegexField(r"^[0-9a-f]{64}$"), help_text="file name in the spec -> SHA-256 of its blob")


class FoldsAnswer(Answer):
    digest = serializers.CharField()
    count = serializers.IntegerField()
    made_by = serializers.CharField()
    seed = serializers.IntegerField(allow_null=True)


class LabelGroupAnswer(Answer):
    kind = serializers.ChoiceField(GROUP_KINDS)
    labels = serializers.ListField(child=serializers.CharField(), required=False, help_text="absent with excludes: all other labels")
    label = serializers.CharField(required=False, help_text="with excludes: where it is true, none of `labels` is")


class FeaturesAnswer(Answer):
    columns = serializers.ListField(child=serializers.CharField())
    digest = serializers.CharField(help_text="of the aligned array: what level-2 models that restack were given")


class CompetitionAnswer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()
    task = serializers.CharField()
    metric = serializers.CharField()
    metric_options = serializers.DictField()
    higher_is_better = serializers.BooleanField()
    state = serializers.ChoiceField(CompetitionState.choices)
    errors = serializers.ListField(child=serializers.DictField())
    warnings = serializers.ListField(child=serializers.CharField())
    id_column = serializers.CharField()
    tags_column = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    label_groups = LabelGroupAnswer(many=True)
    train_rows = serializers.IntegerField()
    test_rows = serializers.IntegerField()
    sample = serializers.DictField()
    submissions_per_day = serializers.IntegerField()
    deadline = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    features = FeaturesAnswer(allow_null=True)
    folds = FoldsAnswer(allow_null=True)
    predictions = serializers.IntegerField()


class FoldReportAnswer(FoldsAnswer):
    classes = serializers.ListField(child=serializers.CharField())
    sizes = serializers.ListField(child=serializers.IntegerField())
    counts = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))
    warnings = serializers.ListField(child=serializers.CharField())


class CompetitionList(MemberView):
    needs = {**READ, "POST": (Role.ADMIN, Scope.ADMIN)}

    @extend_schema(operation_id="listCompetitions", responses=CompetitionAnswer(many=True))
    def get(self, request: Request) -> Response:
        rows = queries.competitions_of(request.membership.team)
        return Response(CompetitionAnswer([queries.row_of(row) for row in rows], many=True).data)

    @extend_schema(operation_id="createCompetition", request=CompetitionForm, responses={202: CompetitionAnswer})
    def post(self, request: Request) -> Response:
        form = parse(CompetitionForm, request.data)
        team = request.membership.team
        competition = create_competition(team, request.user, **form)
        send_on_commit(prepare, competition.pk)
        found = await_outcome(
            lambda: queries.competition_for(team, competition.slug),
            lambda row: row.state != CompetitionState.PREPARING,
            wait_preferred(request),
        )
        headers = {"Location": f"/api/v1/competitions/{competition.slug}"}
        return Response(_answer(found), status=status.HTTP_202_ACCEPTED, headers=headers)


def _answer(competition: Competition) -> dict[str, Any]:
    return dict(CompetitionAnswer(queries.row_of(competition)).data)


class CompetitionDetail(MemberView):
    needs = READ

    @extend_schema(operation_id="showCompetition", responses=CompetitionAnswer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(_answer(queries.competition_for(request.membership.team, slug)))


class CompetitionContract(MemberView):
    needs = READ

    @extend_schema(
        operation_id="showContract",
        parameters=[OpenApiParameter("ids", OpenApiTypes.BOOL, description="with all ids and the fold of each train id")],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, slug: str) -> Response:
        competition = queries.open_competition_for(request.membership.team, slug)
        return Response(queries.load_contract_json(competition, with_ids=request.query_params.get("ids") == "true"))


class CompetitionFolds(MemberView):
    needs = READ

    @extend_schema(
        operation_id="exportFolds",
        parameters=[OpenApiParameter("shape", enum=SHAPES, default="csv")],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, slug: str) -> Response | HttpResponse:
        competition = queries.open_competition_for(request.membership.team, slug)
        shape = request.query_params.get("shape", "csv")
        if shape not in SHAPES:
            raise InvalidRequest(f"expected a shape among {', '.join(SHAPES)}, got {shape!r}")
        fold_set = queries.active_fold_set(competition)
        folds = queries.load_folds(fold_set)
        if shape == "positions":
            return Response(shapes.folds_as_positions(fold_set.digest, folds, fold_set.count))
        ids = queries.load_ids(competition)[0]
        if shape == "lists":
            return Response(shapes.folds_as_lists(fold_set.digest, ids, folds, fold_set.count))
        headers = {"Content-Disposition": f'attachment; filename="{slug}-folds.csv"', "X-Folds-Digest": fold_set.digest}
        return HttpResponse(shapes.folds_as_csv(competition.id_column, ids, folds), content_type="text/csv", headers=headers)


class FoldReport(MemberView):
    needs = READ

    @extend_schema(operation_id="showFoldReport", responses=FoldReportAnswer)
    def get(self, request: Request, slug: str) -> Response:
        competition = queries.open_competition_for(request.membership.team, slug)
        return Response(FoldReportAnswer(queries.fold_report_of(competition)).data)


class FoldFigure(MemberView):
    needs = READ

    @extend_schema(operation_id="drawFolds", description="A plotly figure: {data, layout}.", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str) -> Response:
        return Response(fold_figure(queries.open_competition_for(request.membership.team, slug)))
