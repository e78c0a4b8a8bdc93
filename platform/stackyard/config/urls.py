"""Addresses: the API, and for all others the frontend's page."""

from django.urls import include, path, re_path

from stackyard.config.pages import show_page

urlpatterns = [
    path("api/v1/", include("stackyard.api.urls")),
    # Built assets and static files are answered before, by whitenoise; what is missing there is missing.
    re_path(r"^(?!api(?:/|$)|static/|assets/).*$", show_page),
]
handler404 = "stackyard.api.errors.answer_unknown"
handler500 = "stackyard.api.errors.answer_fault"
