"""Schemas and examples of the types that cross the web, from the types themselves by msgspec.

Rules that stand in a model rather than in a type (a slug's letters, an address's lengths) are added as notes:
they only describe. That the services do refuse what the notes exclude is what Schemathesis tries.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import msgspec
from litestar.params import ParameterKwarg
from litestar.types import Empty
from litestar.typing import FieldDefinition

from rialto.edge.samples import EXAMPLES
from rialto.edge.vocabulary import NOTES, Word

Json = dict[str, Any]
PREFIX = "#/components/schemas/"
DEPTH_MAX = 12
# Fields of these may be left out of an answer.
SPARSE = frozenset({"Problem"})


class Schemas:
    """The document's `components.schemas`, and references into them."""

    def __init__(self, *, requests: Iterable[Any], replies: Iterable[Any]) -> None:
        asked = list(dict.fromkeys(requests))
        self._types = list(dict.fromkeys([*asked, *(kind for kind in replies if kind is not None)]))
        schemas, self.components = msgspec.json.schema_components(self._types, ref_template=PREFIX + "{name}")
        self._schemas = dict(zip(self._types, schemas, strict=True))
        taken = self._reached([self._schemas[kind] for kind in asked])
        for name, schema in self.components.items():
            self._annotate(name, schema)
            if name not in taken and name not in SPARSE:
                # What only ever comes out of the shop comes out whole.
                schema["required"] = list(schema.get("properties", {}))

    def of(self, kind: Any) -> Json:
        """The schema of a type named at the beginning."""
        return dict(self._schemas[kind])

    def sample(self, schema: Json, name: str = "", within: str = "", depth: int = 0) -> Any:
        """A likely value, the same every time."""
        for key in (f"{within}.{name}", name):
            if key in EXAMPLES and _fits(EXAMPLES[key], schema):
                return EXAMPLES[key]
        if "$ref" in schema:
            called = schema["$ref"].removeprefix(PREFIX)
            return self.sample(self.components[called], called, called, depth + 1)
        if "anyOf" in schema:
            parts = [part for part in schema["anyOf"] if part.get("type") != "null"]
            return None if depth > DEPTH_MAX else self.sample(parts[0], name, within, depth)
        if schema.get("default") not in (None, {}, []):
            return schema["default"]
        return self._of_type(schema, name, within, depth)

    def _of_type(self, schema: Json, name: str, within: str, depth: int) -> Any:
        kind = schema.get("type")
        if kind == "object" and "properties" in schema:
            return {
                field: self.sample(inner, field, name, depth) for field, inner in schema["properties"].items()
            }
        if kind == "object":
            values = schema.get("additionalProperties", {})
            if isinstance(values, dict) and values.get("type") == "string" and name in EXAMPLES:
                return {"en": EXAMPLES[name]}
            return {}
        if kind == "array":
            recursive = depth > DEPTH_MAX or schema["items"].get("$ref", "").endswith(f"/{within}")
            return [] if recursive else [self.sample(schema["items"], name.removesuffix("s"), within, depth)]
        return {"integer": max(1, schema.get("minimum", 1)), "number": 1.5, "boolean": True}.get(
            str(kind), "text"
        )

    def _annotate(self, schema_name: str, schema: Json) -> None:
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
        schema.update(NOTES.get(schema_name, {}))
        for name, field in schema.get("properties", {}).items():
            note = NOTES.get(f"{schema_name}.{name}")
            if note:
                _add(field, note)

    def _reached(self, schemas: Sequence[Json]) -> set[str]:
        """Names of all components that these lead to."""
        found: set[str] = set()
        waiting: list[Any] = list(schemas)
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                name = str(node.get("$ref", "")).removeprefix(PREFIX)
                if name and name not in found:
                    found.add(name)
                    waiting.append(self.components[name])
                waiting += node.values()
            elif isinstance(node, list):
                waiting += node
        return found


def _add(field: Json, note: Json) -> None:
    """A note on a field that may be null is on the other half of it."""
    parts = [part for part in field.get("anyOf", []) if part.get("type") != "null"]
    target = parts[0] if len(parts) == 1 and "description" not in note else field
    target.update(note)


def _fits(value: Any, schema: Json) -> bool:
    if "$ref" in schema or any("$ref" in part for part in schema.get("anyOf", [])):
        return value is None or isinstance(value, dict)
    kinds = {part.get("type") for part in schema.get("anyOf", [schema])}
    names = {
        str: "string",
        bool: "boolean",
        int: "integer",
        list: "array",
        dict: "object",
        type(None): "null",
    }
    return names[type(value)] in kinds


def parameter_schema(field: FieldDefinition, kwarg: ParameterKwarg, word: Word | None) -> Json:
    """A parameter's schema: its type, what the framework checks, and what its word adds."""
    parts = [part for part in get_args(field.annotation) if part is not type(None)]
    kind = parts[0] if type(None) in get_args(field.annotation) else field.annotation
    schema: Json = msgspec.json.schema(kind)
    for ours, theirs in _CHECKED.items():
        value = getattr(kwarg, ours)
        if value is not None:
            schema[theirs] = int(value) if isinstance(value, float) else value
    if word is not None and schema.get("type") != "array":
        schema.update({key: value for key, value in word.schema.items() if key not in schema})
    default = field.default
    if default is not None and default is not Empty and default is not inspect.Parameter.empty:
        schema["default"] = default
    return schema


_CHECKED = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "pattern": "pattern",
}
