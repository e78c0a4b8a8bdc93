"""The frontend's one page, for every address that is not the API's; and the rules that browsers keep for it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Everything comes from this server, so that the pages work offline and nothing they show can call home. Plotly styles inline.
CONTENT_RULES = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Stackyard</title>
<body style="font-family: sans-serif; max-width: 40rem; margin: 4rem auto">
<h1>Stackyard is running</h1>
<p>Its pages are not built yet: run <code>make setup</code> and load this page again.
The API is at <a href="/api/v1/health">/api/v1</a> and works without them, as does the command line.</p></body></html>
"""


def show_page(request: HttpRequest) -> HttpResponse:
    """Answer the page that the frontend's own router takes on from."""
    index = settings.FRONTEND / "index.html"
    if not index.is_file():
        return HttpResponse(UNBUILT, status=503)
    page = HttpResponse(index.read_bytes())
    # The page names its assets by their digests, so it alone must be asked for anew.
    page["Cache-Control"] = "no-cache"
    return page


class ContentRules:
    """Middleware: every answer says what its page may load."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_RULES)
        return response
