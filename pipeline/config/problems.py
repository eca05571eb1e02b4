"""Models that tell every mistake at once, in our words.

Not here: what the keys are (`__init__.py`), and in which line they stand (`file.py`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

Loc: TypeAlias = tuple[str | int, ...]
Self = TypeVar("Self", bound="Strict")

NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"

# pydantic's kind of error → our message. `{…}` are the values pydantic gives with it.
_WORDS = {
    "model_type": "must be a map of `key: value` lines",
    "model_attributes_type": "must be a map of `key: value` lines",
    "dict_type": "must be a map of `name: …` entries",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must not have more than {max_length} entries",
    "string_pattern_mismatch": "must be a name: small letters, digits, `-` and `_`, at most 63, the first no sign",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
}
_QUOTES_INPUT = re.compile("float|int|bool|than|literal|enum")


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """The exception to raise in a validator: what is wrong, and what to do."""
    return PydanticCustomError("mistake", "{message}", {"message": message, "hint": hint, "quote": False})


def mistake(loc: Loc, message: str, hint: str = "") -> InitErrorDetails:
    """One mistake at `loc`, counted from the model that tells it."""
    return InitErrorDetails(type=refuse(message, hint), loc=loc, input=None)


def did_you_mean(word: object, known: Iterable[str], what: str) -> str:
    """The hint for a name that does not exist."""
    names = list(known)
    guess = near(word, names)
    return f"{guess}{' ' if guess else ''}{what}: {', '.join(names) or 'none'}."


def near(word: object, known: Iterable[str]) -> str:
    """The same without the list; empty when nothing is alike."""
    found = difflib.get_close_matches(str(word), list(known), 1, 0.5)
    return f"Did you mean `{found[0]}`?" if found else ""


class Strict(BaseModel):
    """Frozen, no unknown keys; an empty value means the default; `mistakes` are told along with those of the fields.

    pydantic skips a model's own checks when one of its fields is wrong, and would tell them only at the next try.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, validate_default=True)

    @classmethod
    def mistakes(cls, data: Mapping[str, Any]) -> Iterator[InitErrorDetails]:  # noqa: ARG003
        """What no field can see alone; `data` is unchecked and may hold anything."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls: type[Self], data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        given = {key: value for key, value in data.items() if value is not None}
        found = list(cls.mistakes(given))
        try:
            made = handler(given)
        except ValidationError as error:
            found += [_retold(cls, one) for one in error.errors(include_url=False)]
        if found:
            raise ValidationError.from_exception_data(cls.__name__, found)
        return made


def _retold(model: type[Strict], error: ErrorDetails) -> InitErrorDetails:
    """pydantic's error in our words; ours, from a model within, as it is."""
    loc = tuple(step for step in error["loc"] if step != "[key]")
    if error["type"] == "mistake":
        context = error["ctx"]
    else:
        message, hint = _words(model, error)
        context = {"message": message, "hint": hint, "quote": bool(_QUOTES_INPUT.search(error["type"]))}
    return InitErrorDetails(type=PydanticCustomError("mistake", "{message}", context), loc=loc, input=None)


def _words(model: type[Strict], error: ErrorDetails) -> tuple[str, str]:
    """Message and hint. Never the input: it may hold a secret."""
    kind, context = error["type"], error.get("ctx", {})
    fields = model.model_fields
    if kind == "extra_forbidden":
        return "is no key we know", did_you_mean(error["loc"][-1], fields, "Keys here")
    if kind == "missing":
        field = fields.get(str(error["loc"][-1]))
        return "is required", (field and field.description) or ""
    if kind == "value_error":
        message, _, hint = str(context["error"]).partition(". ")
        return message, hint
    hint = ""
    if kind in ("literal_error", "enum"):
        hint = near(error["input"], re.findall("'([^']*)'", context["expected"]))
    return _WORDS.get(kind, error["msg"]).format_map(context), hint
