"""Every route of the API on one page."""

from django.urls import path

from stackyard.api.accounts import ActiveTeam, Health, Login, Logout, Me
from stackyard.api.invitations import InvitationAccept, InvitationByLink, InvitationDetail, InvitationList
from stackyard.api.members import Audit, MemberDetail, MemberList
from stackyard.api.schema_view import Schema
from stackyard.api.tokens import TokenDetail, TokenList

urlpatterns = [
    path("health", Health.as_view()),
    path("schema", Schema.as_view()),
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
]
