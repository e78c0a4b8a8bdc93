"""What a competition's models are to each other: correlations, clusters, contributions, warnings; and their figures."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Answer, Form, parse
from stackyard.api.views import MemberRequest, MemberView
from stackyard.competitions.queries import open_competition_for
from stackyard.dashboards.insight_figures import MEASURES
from stackyard.dashboards.queries import contributions_figure, correlation_figure, path_figure
from stackyard.ensembles.insight_queries import NOT_ASKED, insight_row
from stackyard.ensembles.models import InsightState

READ = {"GET": (Role.READER, Scope.READ)}
STATES = [NOT_ASKED, *InsightState.values]
SEVERITIES = ("info", "warning", "severe")


class InsightForm(Form):
    matrices = serializers.BooleanField(default=True, help_text="false: without those of `correlation`, which are large for many models")


class MeasureForm(Form):
    measure = serializers.ChoiceField(list(MEASURES), default="pearson")


class InsightModel(Answer):
    id = serializers.IntegerField(help_text="of the prediction; all parts of the answer name models by it")
    name = serializers.CharField(help_text="the shortest that no other model here has")
    owner = serializers.CharField()
    variant = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    score = serializers.FloatField()
    cluster = serializers.IntegerField()
    nearest = serializers.IntegerField(allow_null=True, help_text="the model that it correlates with most")
    nearest_correlation = serializers.FloatField(allow_null=True)
    redundancy = serializers.FloatField(help_text="the share of its logits that a linear mixture of all others explains")


class Matrix(serializers.ListField):
    child = serializers.ListField(child=serializers.FloatField())


class InsightCorrelation(Answer):
    order = serializers.ListField(child=serializers.IntegerField(), help_text="in which models that are alike stand side by side")
    rows = serializers.IntegerField(help_text="that were looked at")
    effective = serializers.FloatField(help_text="how many models there are if those that say the same count once")
    measures = serializers.ListField(child=serializers.ChoiceField(list(MEASURES)), help_text="those that there are")
    pearson = Matrix(allow_null=True, help_text="of logits; rows as in `models`; null, as the others, where it was not asked for")
    spearman = Matrix(allow_null=True)
    disagreement = Matrix(allow_null=True, help_text="share of decided labels that differ; null for a regression")


class InsightCluster(Answer):
    number = serializers.IntegerField()
    models = serializers.ListField(child=serializers.IntegerField())


class InsightFinding(Answer):
    kind = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITIES)
    sentence = serializers.CharField()
    numbers = serializers.DictField()
    models = serializers.ListField(child=serializers.IntegerField())


class InsightReason(Answer):
    kind = serializers.CharField(help_text="used | duplicate | covered | helps_little | within_noise | no_help")
    sentence = serializers.CharField()
    numbers = serializers.DictField(child=serializers.FloatField(allow_null=True))
    twin = serializers.IntegerField(allow_null=True, help_text="the model with weight that is most like it")


class InsightContribution(Answer):
    id = serializers.IntegerField()
    weight = serializers.FloatField(help_text="found on all rows")
    weights_by_fold = serializers.ListField(child=serializers.FloatField(), help_text="found on the other folds")
    add_gain = serializers.FloatField(allow_null=True, help_text="how much better the nested blend is with more of it")
    add_share = serializers.FloatField(allow_null=True)
    add_noise = serializers.FloatField(allow_null=True, help_text="standard error of the gain")
    drop_gain = serializers.FloatField(allow_null=True, help_text="how much worse the nested blend is without it")
    drop_noise = serializers.FloatField(allow_null=True)
    reason = InsightReason()


class InsightPath(Answer):
    picks = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField(), help_text="of `searched_by`, after each pick")


class InsightContributions(Answer):
    metric = serializers.CharField()
    searched_by = serializers.CharField(help_text="the loss that weights are found by")
    higher_is_better = serializers.BooleanField()
    value = serializers.FloatField(allow_null=True, help_text="of the nested greedy blend of all models")
    path = InsightPath()
    steps = serializers.IntegerField(help_text="picks of the path that the weights come from")
    models = InsightContribution(many=True)


class InsightAnswer(Answer):
    state = serializers.ChoiceField(STATES)
    outdated = serializers.BooleanField(help_text="predictions have come since")
    computed_at = serializers.DateTimeField(allow_null=True)
    error = serializers.DictField()
    notes = serializers.ListField(child=serializers.CharField())
    models = InsightModel(many=True)
    correlation = InsightCorrelation(allow_null=True)
    clusters = InsightCluster(many=True)
    findings = InsightFinding(many=True)
    contributions = InsightContributions(allow_null=True)


class InsightDetail(MemberView):
    needs = READ

    @extend_schema(operation_id="showInsight", parameters=[InsightForm], responses=InsightAnswer)
    def get(self, request: MemberRequest, slug: str) -> Response:
        asked = parse(InsightForm, request.query_params.dict())
        row = insight_row(open_competition_for(request.membership.team, slug))
        if row["correlation"] is not None:
            row["correlation"] = _correlation(row["correlation"], asked["matrices"])
        return Response(InsightAnswer(row).data)


def _correlation(found: dict[str, Any], matrices: bool) -> dict[str, Any]:
    measures = [name for name in MEASURES if found[name] is not None]
    return {**found, "measures": measures, **({} if matrices else dict.fromkeys(MEASURES))}


class CorrelationFigure(MemberView):
    needs = READ

    @extend_schema(
        operation_id="drawCorrelation",
        parameters=[MeasureForm],
        description="A plotly figure: {data, layout}.",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: MemberRequest, slug: str) -> Response:
        measure = parse(MeasureForm, request.query_params.dict())["measure"]
        return Response(correlation_figure(open_competition_for(request.membership.team, slug), measure))


class ContributionsFigure(MemberView):
    needs = READ

    @extend_schema(operation_id="drawContributions", description="A plotly figure: {data, layout}.", responses=OpenApiTypes.OBJECT)
    def get(self, request: MemberRequest, slug: str) -> Response:
        return Response(contributions_figure(open_competition_for(request.membership.team, slug)))


class PathFigure(MemberView):
    needs = READ

    @extend_schema(operation_id="drawPath", description="A plotly figure: {data, layout}.", responses=OpenApiTypes.OBJECT)
    def get(self, request: MemberRequest, slug: str) -> Response:
        return Response(path_figure(open_competition_for(request.membership.team, slug)))
