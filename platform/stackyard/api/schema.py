"""The OpenAPI schema: groups, the two ways to log in, and the errors that any call may answer."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from stackyard.api.forms import ErrorAnswer


class NamedSchema(AutoSchema):
    """Groups operations by file, and gives each the shape of its errors. Their names stand beside the views: verb and noun."""

    def get_tags(self) -> list[str]:
        """Group operations by the file that holds them."""
        return [type(self.view).__module__.rsplit(".", 1)[-1]]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Add to each operation the one shape that all errors have."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            error: ResolvedComponent = self.resolve_serializer(ErrorAnswer, "response")
            operation["responses"]["default"] = {
                "description": "A named error.",
                "content": {"application/json": {"schema": error.ref}},
            }
        return operation


class TokenLoginScheme(OpenApiAuthenticationExtension):
    """How the schema describes a token."""

    target_class = "stackyard.api.authentication.TokenLogin"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the header."""
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <secret>`"}


class SessionLoginScheme(OpenApiAuthenticationExtension):
    """How the schema describes a browser's session."""

    target_class = "stackyard.api.authentication.SessionLogin"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Changes need the header X-CSRFToken too."}
