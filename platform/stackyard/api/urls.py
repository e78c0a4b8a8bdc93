"""Every route of the API on one page."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from stackyard.api.accounts import ActiveTeam, Health, Login, Logout, Me
from stackyard.api.blobs import BlobDetail
from stackyard.api.competitions import CompetitionContract, CompetitionDetail, CompetitionFolds, CompetitionList, FoldFigure, FoldReport
from stackyard.api.ensembles import EnsembleCancel, EnsembleDetail, EnsembleList, EnsemblePermuted, EnsembleRecipes
from stackyard.api.insights import ContributionsFigure, CorrelationFigure, InsightDetail, PathFigure
from stackyard.api.invitations import InvitationAccept, InvitationByLink, InvitationDetail, InvitationList
from stackyard.api.leaderboard import Grid, Leaderboard
from stackyard.api.members import Audit, MemberDetail, MemberList
from stackyard.api.predictions import PredictionArray, PredictionDetail, PredictionList
from stackyard.api.schema_view import Schema
from stackyard.api.submissions import Quota, SubmissionDetail, SubmissionFile, SubmissionList, SubmissionRebuild
from stackyard.api.tokens import TokenDetail, TokenList


class ArrayKind(StringConverter):
    """Which of a prediction's two arrays."""

    regex = "oof|test"


register_converter(ArrayKind, "array_kind")

urlpatterns = [
    path("health", Health.as_view()),
    path("schema", Schema.as_view()),
    # Accounts
    path("auth/login", Login.as_view()),
    path("auth/logout", Logout.as_view()),
    path("auth/team", ActiveTeam.as_view()),
    path("me", Me.as_view()),
    path("tokens", TokenList.as_view()),
    path("tokens/<str:token_id>", TokenDetail.as_view()),
    path("members", MemberList.as_view()),
    path("members/<str:username>", MemberDetail.as_view()),
    path("invitations", InvitationList.as_view()),
    path("invitations/<int:invitation_id>", InvitationDetail.as_view()),
    path("invitations/by-link/<str:secret>", InvitationByLink.as_view()),
    path("invitations/by-link/<str:secret>/accept", InvitationAccept.as_view()),
    path("audit", Audit.as_view()),
    # Bytes
    path("blobs/<str:digest>", BlobDetail.as_view()),
    # Competitions
    path("competitions", CompetitionList.as_view()),
    path("competitions/<slug:slug>", CompetitionDetail.as_view()),
    path("competitions/<slug:slug>/contract", CompetitionContract.as_view()),
    path("competitions/<slug:slug>/folds", CompetitionFolds.as_view()),
    path("competitions/<slug:slug>/folds/report", FoldReport.as_view()),
    path("competitions/<slug:slug>/figures/folds", FoldFigure.as_view()),
    # Predictions
    path("competitions/<slug:slug>/predictions", PredictionList.as_view()),
    path("competitions/<slug:slug>/grid", Grid.as_view()),
    path("competitions/<slug:slug>/leaderboard", Leaderboard.as_view()),
    path("predictions/<int:key>", PredictionDetail.as_view()),
    path("predictions/<int:key>/<array_kind:kind>", PredictionArray.as_view()),
    # Ensembles
    path("competitions/<slug:slug>/ensembles", EnsembleList.as_view()),
    path("ensembles/<int:key>", EnsembleDetail.as_view()),
    path("ensembles/<int:key>/cancel", EnsembleCancel.as_view()),
    path("ensembles/<int:key>/permuted", EnsemblePermuted.as_view()),
    path("recipes/ensemble", EnsembleRecipes.as_view()),
    # Insight
    path("competitions/<slug:slug>/insight", InsightDetail.as_view()),
    path("competitions/<slug:slug>/figures/correlation", CorrelationFigure.as_view()),
    path("competitions/<slug:slug>/figures/contributions", ContributionsFigure.as_view()),
    path("competitions/<slug:slug>/figures/path", PathFigure.as_view()),
    # Submissions
    path("competitions/<slug:slug>/submissions", SubmissionList.as_view()),
    path("competitions/<slug:slug>/quota", Quota.as_view()),
    path("submissions/<int:key>", SubmissionDetail.as_view()),
    path("submissions/<int:key>/file", SubmissionFile.as_view()),
    path("submissions/<int:key>/rebuild", SubmissionRebuild.as_view()),
]
