"""The leaderboard, and the model x fold grid."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.views import MemberView
from stackyard.competitions.queries import open_competition_for
from stackyard.predictions.models import PredictionState
from stackyard.scoring import queries

READ = {"GET": (Role.READER, Scope.READ)}


class BoardForm(Form):
    level = serializers.IntegerField(min_value=1, allow_null=True, default=None)
    owner = serializers.CharField(allow_blank=True, default="")
    variant = serializers.CharField(allow_blank=True, allow_null=True, default=None)
    search = serializers.CharField(allow_blank=True, default="")
    state = serializers.ChoiceField([*PredictionState.values, "all"], default=PredictionState.SCORED)
    versions = serializers.ChoiceField(("latest", "all"), default="latest")
    ordering = serializers.ChoiceField([*queries.ORDERINGS, *(f"-{name}" for name in queries.ORDERINGS)], default="rank")


class BoardAnswer(Answer):
    rank = serializers.IntegerField(allow_null=True)
    id = serializers.IntegerField()
    name = serializers.CharField()
    owner = serializers.CharField()
    level = serializers.IntegerField()
    variant = serializers.CharField()
    version = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(
        allow_null=True, help_text="of the 95 % interval of the score, over which rows came; null until it is measured"
    )
    high = serializers.FloatField(allow_null=True)
    within_noise = serializers.BooleanField(
        allow_null=True,
        help_text="whether it may differ from the rank above by which rows came alone; null for the first and until measured",
    )
    in_sample = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="how much in_sample flatters: positive where it looks better than the score")
    mean = serializers.FloatField(allow_null=True)
    std = serializers.FloatField(allow_null=True)
    by_fold = serializers.ListField(child=serializers.FloatField(allow_null=True))
    folds = serializers.CharField(help_text='folds held of folds, such as "5/5"')
    state = serializers.ChoiceField(PredictionState.choices)
    has_test = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class GridRow(Answer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    owner = serializers.CharField()
    variant = serializers.CharField()
    version = serializers.IntegerField()
    level = serializers.IntegerField()
    state = serializers.ChoiceField(PredictionState.choices)
    cells = serializers.ListField(child=serializers.FloatField(allow_null=True))
    parts = serializers.ListField(child=serializers.CharField())


class GridAnswer(Answer):
    folds = serializers.ListField(child=serializers.IntegerField())
    rows = GridRow(many=True)


class Leaderboard(MemberView):
    needs = READ

    @extend_schema(operation_id="showLeaderboard", parameters=[BoardForm], responses=BoardAnswer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        competition = open_competition_for(request.membership.team, slug)
        wanted = queries.BoardFilter(**parse(BoardForm, request.query_params.dict()))
        return Response(BoardAnswer(queries.leaderboard(competition, wanted), many=True).data)


class Grid(MemberView):
    needs = READ

    @extend_schema(operation_id="showGrid", responses=GridAnswer)
    def get(self, request: Request, slug: str) -> Response:
        return Response(GridAnswer(queries.grid(open_competition_for(request.membership.team, slug))).data)
