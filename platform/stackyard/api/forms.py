"""What a request may hold: forms that refuse what they do not know, and the shape of answers."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from rest_framework import serializers

from stackyard.api.errors import invalid_request


class Form(serializers.Serializer):
    """Fields of a request's body or query; an unknown one is refused with the name that was probably meant."""

    def to_internal_value(self, data: Any) -> Any:
        """Read the fields, after looking for unknown ones."""
        if isinstance(data, Mapping):
            self._refuse_unknown(data)
        return super().to_internal_value(data)

    def _refuse_unknown(self, data: Mapping[str, Any]) -> None:
        unknown = {name: [self._hint(str(name))] for name in data if name not in self.fields}
        if unknown:
            raise serializers.ValidationError(unknown)

    def _hint(self, name: str) -> str:
        near = get_close_matches(name, self.fields, n=1)
        return f"Unknown field; did you mean {near[0]}?" if near else f"Unknown field; known are {', '.join(self.fields) or 'none'}."


class Answer(serializers.Serializer):
    """The shape of an answer, for the schema (and so for TypeScript); views answer plain dicts of this shape."""


class ErrorAnswer(Answer):
    """Any failure: the code, one sentence, how many rows are to blame, and the first five."""

    error = serializers.CharField()
    detail = serializers.CharField()
    count = serializers.IntegerField()
    rows = serializers.ListField(child=serializers.DictField())


def parse(form: type[Form], data: Any) -> dict[str, Any]:
    """Return the fields as Python values; raise InvalidRequest with a row for each that does not fit."""
    filled = form(data=data)
    try:
        filled.is_valid(raise_exception=True)
    except serializers.ValidationError as refused:
        raise invalid_request(refused) from refused
    return dict(filled.validated_data)
