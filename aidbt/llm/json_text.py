"""JSON in a language model's answer: found in the prose around it, and held to a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_STARTS = 200  # places at which an object may begin that are looked at
_PROBLEMS = 5
_PROBLEM = 300  # characters
NOT_JSON = "the answer holds no complete JSON object"
_TOO_DEEP = "the answer is nested too deeply"
# JSON can write it as an escape; no file and no database takes it.
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def read_json(text: str, schema: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The first JSON object in a text that fits a schema, and no problems; else what is wrong.

    What stands around it does not matter, and what a model thought aloud between <think> tags is left out.
    Where no object fits, the problems are those of the first.

    Args:
        schema: a JSON schema, draft 2020-12; empty fits everything.

    Example:
        >>> read_json('Sure: {"a": 1}. Anything else?', {"required": ["a"]})
        ({'a': 1}, [])
    """
    first: list[str] = []
    for value in _objects(text.rpartition("</think>")[2]):
        problems = schema_problems(value, schema)
        if not problems:
            return value, []
        first = first or problems
    return None, first or [NOT_JSON]


def schema_problems(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a JSON-like value by a schema, a few of it; each says where."""
    try:
        if _HALF_A_PAIR.search(json.dumps(value, ensure_ascii=False)):
            return ["the answer holds half of a surrogate pair, which is no character"]
    except RecursionError:
        return [_TOO_DEEP]
    if not schema:
        return []
    validator = _validator(json.dumps(schema, sort_keys=True))
    try:
        errors = list(validator.iter_errors(value))
    except ValueError:
        return [_TOO_DEEP]
    said = (f"{_place(error.instance_path)}: {error.message}" for error in errors)
    return [problem[:_PROBLEM] for problem in sorted(said)[:_PROBLEMS]]


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(json.loads(schema))


def _place(path: Any) -> str:
    return "/".join(str(part) for part in path) or "the answer"


def _objects(text: str) -> Iterator[Any]:
    """The JSON objects in a text, from its beginning; what is inside of one is not one of them."""
    decoder = json.JSONDecoder(parse_constant=_refuse)
    place = 0
    for _ in range(_STARTS):
        start = text.find("{", place)
        if start < 0:
            return
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            place = start + 1
            continue
        yield value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
