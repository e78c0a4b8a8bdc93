"""Bytes by their SHA-256: asked for, sent whole, or sent in chunks that can be resumed."""

import re
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from stackyard.api.forms import Answer
from stackyard.api.parsers import RawBody
from stackyard.api.permissions import READ, UPLOAD
from stackyard.api.views import MemberRequest, MemberView
from stackyard.errors import InvalidRequest
from stackyard.storage.partials import size_of_partial
from stackyard.storage.queries import find
from stackyard.storage.services import Receipt, receive_chunk, receive_whole

CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


class BlobAnswer(Answer):
    digest = serializers.CharField()
    state = serializers.ChoiceField(["whole", "partial"])
    size = serializers.IntegerField(required=False, help_text="Bytes of the whole blob.")
    offset = serializers.IntegerField(required=False, help_text="Bytes that have come; go on here.")


class BlobDetail(MemberView):
    """One blob of the team's. Knowing a digest gives nothing: a team holds what it has sent itself."""

    needs = {"HEAD": READ, "PUT": UPLOAD}
    parser_classes = [RawBody]

    def head(self, request: MemberRequest, digest: str) -> Response:
        """Say whether the team holds the blob, and if not, how much of it has come."""
        blob = find(request.membership.team_id, digest)
        if blob is not None:
            return Response(headers={"Content-Length": str(blob.size)})
        held = size_of_partial(request.membership.team_id, digest)
        return Response(status=status.HTTP_404_NOT_FOUND, headers={"Upload-Offset": str(held)})

    @extend_schema(
        operation_id="sendBlob",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[OpenApiParameter("Content-Range", str, OpenApiParameter.HEADER, description="bytes first-last/total: one chunk")],
        responses={200: BlobAnswer, 201: BlobAnswer, 202: BlobAnswer},
    )
    def put(self, request: MemberRequest, digest: str) -> Response:
        team_id = request.membership.team_id
        known = find(team_id, digest)
        if known is not None:
            # The body is not even read.
            return Response(describe_whole(known.digest, known.size))
        # Under ASGI the server has put the body on disk by now; it is read from there in pieces.
        body: Any = request._request
        span = request.headers.get("Content-Range")
        receipt = receive_chunk(team_id, digest, body, *read_span(span)) if span else receive_whole(team_id, digest, body)
        return answer_receipt(digest, receipt)


def read_span(header: str) -> tuple[int, int]:
    """Return the offset and the total of a Content-Range.

    >>> read_span("bytes 0-99/250")
    (0, 250)
    """
    match = CONTENT_RANGE.fullmatch(header.strip())
    first, last, total = (int(number) for number in match.groups()) if match else (1, 0, 0)
    if not first <= last < total:
        raise InvalidRequest(f"expected Content-Range: bytes first-last/total, got {header[:80]!r}")
    return first, total


def answer_receipt(digest: str, receipt: Receipt) -> Response:
    """Say what has come."""
    if receipt.whole:
        return Response(describe_whole(digest, receipt.offset), status=status.HTTP_201_CREATED)
    return Response({"digest": digest, "state": "partial", "offset": receipt.offset}, status=status.HTTP_202_ACCEPTED)


def describe_whole(digest: str, size: int) -> dict[str, Any]:
    """Return a blob as the API shows it."""
    return {"digest": digest, "state": "whole", "size": size}
