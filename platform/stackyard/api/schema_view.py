"""The OpenAPI schema as an answer (apart from `schema`, which REST framework loads before there are views)."""

from drf_spectacular.views import SpectacularJSONAPIView

from stackyard.api.views import MemberView


class Schema(MemberView, SpectacularJSONAPIView):
    """The OpenAPI schema of all that stands here."""

    public = {"GET"}
