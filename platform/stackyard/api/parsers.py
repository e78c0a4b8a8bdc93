"""How bodies are read."""

from typing import Any

from rest_framework.parsers import BaseParser, JSONParser

from stackyard.errors import TooLarge

JSON_LIMIT_BYTES = 4 << 20


class JsonBody(JSONParser):
    """JSON of a reasonable size: what is big comes as a blob."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: dict[str, Any] | None = None) -> Any:
        """Read the body; raise TooLarge where its length says so."""
        length = int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0)
        if length > JSON_LIMIT_BYTES:
            raise TooLarge(f"expected at most {JSON_LIMIT_BYTES} bytes of JSON, got {length}")
        return super().parse(stream, media_type, parser_context)


class RawBody(BaseParser):
    """Bytes of any kind, not read at all: the view takes them from the stream, piece by piece."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: dict[str, Any] | None = None) -> Any:
        """Return the stream."""
        return stream
