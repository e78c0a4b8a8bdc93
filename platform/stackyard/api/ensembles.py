"""Ensembles: trigger one, watch it, cancel it; and the recipes that there are."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.accounts.models import Role, Scope
from stackyard.api.forms import Form, parse
from stackyard.api.predictions import NAME
from stackyard.api.views import MemberRequest, MemberView, await_outcome, wait_preferred
from stackyard.competitions.queries import competition_for, open_competition_for
from stackyard.ensembles import queries
from stackyard.ensembles.models import Ensemble, EnsembleState
from stackyard.ensembles.permuted import MOST_RUNS, RUNS, ask_permuted
from stackyard.ensembles.recipes import BLEND_NAMES, DECISION_NAMES, DEFAULT_RECIPE, LEVEL2_NAMES, RESTACKING
from stackyard.ensembles.services import UNFINISHED, cancel_ensemble, trigger_ensemble
from stackyard.ensembles.tasks import run, run_permuted
from stackyard.work.sending import send_on_commit

READ = {"GET": (Role.READER, Scope.READ)}
TRIGGER = {"POST": (Role.ADMIN, Scope.ADMIN)}


class EnsembleForm(Form):
    name = serializers.RegexField(NAME, max_length=80, allow_null=True, default=None, help_text='"ensemble-N" where none is given')
    recipe = serializers.DictField(allow_null=True, default=None, help_text="see /recipes/ensemble; keys left out take the default")
    only = serializers.ListField(child=serializers.CharField(), allow_null=True, default=None, help_text="predictions to take, by name")
    seed = serializers.IntegerField(min_value=0, max_value=2**32 - 1, required=False, help_text="goes before the recipe's own")


class ProgressAnswer(serializers.Serializer):
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    sentence = serializers.CharField()


class InputAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    owner = serializers.CharField()
    variant = serializers.CharField()
    version = serializers.IntegerField()
    label = serializers.CharField(help_text="what it is called in the weights")


class EnsembleMember(serializers.Serializer):
    prediction = serializers.IntegerField()
    name = serializers.CharField()
    method = serializers.CharField(allow_blank=True, help_text="of a level-2 model; empty for an input")
    level = serializers.IntegerField()
    score = serializers.FloatField()
    in_sample = serializers.FloatField()
    weight = serializers.FloatField()


class EnsembleOutputAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    level = serializers.IntegerField()
    method = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    has_test = serializers.BooleanField()


class PermutedModel(serializers.Serializer):
    name = serializers.CharField(help_text="a level-2 model of the recipe, or blend, which comes last")
    score = serializers.FloatField()
    chance = serializers.FloatField()
    sigma = serializers.FloatField()
    sigmas = serializers.FloatField()
    verdict = serializers.CharField()


class PermutedAnswer(serializers.Serializer):
    state = serializers.ChoiceField(EnsembleState.choices)
    runs = serializers.IntegerField(help_text="how many permutations")
    seed = serializers.IntegerField()
    progress = ProgressAnswer()
    score = serializers.FloatField(allow_null=True, help_text="the blend's nested score on permuted labels, a mean over them")
    chance = serializers.FloatField(allow_null=True, help_text="what the same blends score on labels shuffled again")
    sigma = serializers.FloatField(allow_null=True, help_text="the standard error of the score")
    sigmas = serializers.FloatField(allow_null=True, help_text="how many of them the score is better than chance")
    verdict = serializers.CharField(allow_null=True, help_text="at chance, or finds signal in noise: by more than 3 sigmas, in any model")
    models = PermutedModel(many=True)
    error = serializers.DictField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class PermutedForm(Form):
    runs = serializers.IntegerField(min_value=2, max_value=MOST_RUNS, default=RUNS, help_text="permutations of the labels")
    seed = serializers.IntegerField(min_value=0, max_value=2**32 - 1, default=0)


class EnsembleAnswer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    competition = serializers.CharField()
    owner = serializers.CharField()
    state = serializers.ChoiceField(EnsembleState.choices)
    progress = ProgressAnswer()
    recipe = serializers.DictField()
    inputs = InputAnswer(many=True)
    score = serializers.FloatField(allow_null=True, help_text="nested: weights and decision come from other folds than they are judged on")
    in_sample_score = serializers.FloatField(allow_null=True)
    weights = serializers.DictField(child=serializers.FloatField())
    members = EnsembleMember(many=True)
    decision = serializers.DictField()
    notes = serializers.ListField(child=serializers.CharField())
    predictions = EnsembleOutputAnswer(many=True)
    permuted = PermutedAnswer(allow_null=True, help_text="the latest run of the same recipe on permuted labels")
    prediction = serializers.IntegerField(allow_null=True, help_text="the blended one, which can be submitted")
    prediction_name = serializers.CharField(allow_null=True)
    error = serializers.DictField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RecipesAnswer(serializers.Serializer):
    default = serializers.DictField()
    level2 = serializers.ListField(child=serializers.CharField())
    restack = serializers.ListField(child=serializers.CharField(), help_text="where the competition has features")
    blend = serializers.ListField(child=serializers.CharField())
    decision = serializers.ListField(child=serializers.CharField())


class EnsembleList(MemberView):
    needs = {**READ, **TRIGGER}

    @extend_schema(operation_id="listEnsembles", responses=EnsembleAnswer(many=True))
    def get(self, request: MemberRequest, slug: str) -> Response:
        rows = queries.ensembles_of(competition_for(request.membership.team, slug))
        return Response(EnsembleAnswer([queries.row_of(row) for row in rows], many=True).data)

    @extend_schema(operation_id="triggerEnsemble", request=EnsembleForm, responses={202: EnsembleAnswer})
    def post(self, request: MemberRequest, slug: str) -> Response:
        form = parse(EnsembleForm, request.data)
        team = request.membership.team
        recipe = {**(form["recipe"] or {}), **({"seed": form["seed"]} if "seed" in form else {})}
        ensemble = trigger_ensemble(open_competition_for(team, slug), request.user, form["name"], recipe, form["only"])
        send_on_commit(run, ensemble.pk)
        found = await_outcome(lambda: queries.ensemble_for(team, ensemble.pk), _has_ended, wait_preferred(request))
        return Response(_answer(found), status=status.HTTP_202_ACCEPTED, headers={"Location": f"/api/v1/ensembles/{ensemble.pk}"})


def _has_ended(ensemble: Ensemble) -> bool:
    return ensemble.state not in UNFINISHED


def _answer(ensemble: Ensemble) -> dict[str, Any]:
    return dict(EnsembleAnswer(queries.row_of(ensemble)).data)


class EnsembleDetail(MemberView):
    needs = READ

    @extend_schema(operation_id="showEnsemble", responses=EnsembleAnswer)
    def get(self, request: MemberRequest, key: int) -> Response:
        return Response(_answer(queries.ensemble_for(request.membership.team, key)))


class EnsembleCancel(MemberView):
    needs = TRIGGER

    @extend_schema(operation_id="cancelEnsemble", request=None, responses={202: EnsembleAnswer})
    def post(self, request: MemberRequest, key: int) -> Response:
        ensemble = cancel_ensemble(queries.ensemble_for(request.membership.team, key), request.user)
        return Response(_answer(queries.ensemble_for(request.membership.team, ensemble.pk)), status=status.HTTP_202_ACCEPTED)


class EnsemblePermuted(MemberView):
    needs = TRIGGER

    @extend_schema(operation_id="permuteLabels", request=PermutedForm, responses={202: EnsembleAnswer})
    def post(self, request: MemberRequest, key: int) -> Response:
        form = parse(PermutedForm, request.data)
        team = request.membership.team
        made = ask_permuted(queries.ensemble_for(team, key), request.user, **form)
        send_on_commit(run_permuted, made.pk)
        found = await_outcome(lambda: queries.ensemble_for(team, key), _has_been_permuted, wait_preferred(request))
        return Response(_answer(found), status=status.HTTP_202_ACCEPTED)


def _has_been_permuted(ensemble: Ensemble) -> bool:
    return queries.row_of(ensemble)["permuted"]["state"] not in UNFINISHED


class EnsembleRecipes(MemberView):
    needs = READ

    @extend_schema(operation_id="showEnsembleRecipes", responses=RecipesAnswer)
    def get(self, request: MemberRequest) -> Response:
        names = {"level2": LEVEL2_NAMES, "restack": RESTACKING, "blend": BLEND_NAMES, "decision": DECISION_NAMES}
        return Response(RecipesAnswer({"default": DEFAULT_RECIPE, **names}).data)
