"""The API's documentation page, made once at start from its description. No script, nothing from elsewhere.

It is told in the storefront's visual language: the first part of its style is the storefront's own file.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup

Json = Mapping[str, Any]
KEPT = "public, max-age=0, s-maxage=300, stale-if-error=86400"
METHODS = ("get", "post", "put", "patch", "delete")
PREFIX = "#/components/schemas/"
_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Row(NamedTuple):
    """A parameter or a field."""

    name: str
    kind: Markup
    required: bool
    text: Markup


class Refusal(NamedTuple):
    code: str
    status: int
    text: str


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    text: Markup
    for_staff: bool
    parameters: list[Row]
    body: str | None
    curl: str
    answers: list[tuple[str, str, str | None, str]]
    refusals: list[Refusal]


class Noun(NamedTuple):
    id: str
    name: str
    text: Markup
    operations: list[Operation]


def render_docs(document: Json) -> Response[bytes]:
    """The page as a response that caches may keep."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=PackageLoader("rialto.edge"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    nouns = list(_nouns(document))
    page = environment.get_template("docs.html").render(
        info=document["info"],
        introduction=_prose(document["info"]["description"]),
        nouns=nouns,
        refusals=_all_refusals(nouns),
        types=list(_types(document["components"]["schemas"])),
        style=Markup(style),  # noqa: S704  our own file
    )
    headers = {
        "Cache-Control": KEPT,
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Content-Language": "en",
    }
    return Response(page.encode(), media_type="text/html", headers=headers)


def _style() -> str:
    shared = files("rialto.storefront").joinpath("static/css/00-base.css").read_text()
    own = files("rialto.edge").joinpath("static/docs.css").read_text()
    lines = (line.strip() for line in _COMMENT.sub("", shared + own).splitlines())
    return "\n".join(line for line in lines if line)


def _nouns(document: Json) -> Iterable[Noun]:
    for tag in document["tags"]:
        operations = [
            _operation(path, method, item[method])
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item and tag["name"] in item[method]["tags"]
        ]
        yield Noun(_anchor(tag["name"]), tag["name"], _prose(tag["description"]), operations)


def _operation(path: str, method: str, told: Json) -> Operation:
    content = told.get("requestBody", {}).get("content", {}).get("application/json")
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=told["summary"],
        text=_prose(told["description"]),
        for_staff="security" in told,
        parameters=[_parameter(one) for one in told.get("parameters", [])],
        body=_type_name(content["schema"]) if content else None,
        curl=_curl(path, method, told, content),
        answers=[_answer(status, one) for status, one in told["responses"].items() if status < "300"],
        refusals=[
            Refusal(code, int(status), example["value"]["detail"])
            for status, one in told["responses"].items()
            if status >= "300"
            for code, example in one["content"]["application/problem+json"]["examples"].items()
        ],
    )


def _parameter(told: Json) -> Row:
    where = {"path": "in the path", "query": "in the query", "header": "header"}[told["in"]]
    kind = Markup("{} · {}").format(_kind(told["schema"]), where)
    return Row(told["name"], kind, told["required"], _prose(told["description"]))


def _answer(status: str, told: Json) -> tuple[str, str, str | None, str]:
    """Status, what it means, the type of its body and an example."""
    content = told.get("content", {}).get("application/json")
    if content is None:
        return status, told["description"], None, ""
    example = content["examples"]["usual"]["value"]
    return status, told["description"], _type_name(content["schema"]), _shown(example)


def _types(schemas: Json) -> Iterable[tuple[str, Markup, list[Row]]]:
    for name, schema in schemas.items():
        required = set(schema.get("required", ()))
        rows = [
            Row(field, _kind(inner), field in required, _prose(inner.get("description", "")))
            for field, inner in schema.get("properties", {}).items()
        ]
        yield name, _prose(schema.get("description", "")), rows


def _kind(schema: Json) -> Markup:
    """A schema in a few words: `text, 1 to 64 characters`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PREFIX)
        return Markup('<a href="#type-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(_kind(part) for part in schema["anyOf"])
    if "enum" in schema:
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return Markup("list of {}").format(_kind(schema.get("items", {})))
    if kind == "object":
        values = schema.get("additionalProperties")
        return Markup("{} by name").format(_kind(values)) if isinstance(values, dict) else Markup("object")
    names = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
    words = [str(schema.get("format") or names.get(kind, kind)), *_limits(schema)]
    return Markup(", ").join(words)


def _limits(schema: Json) -> Iterable[str | Markup]:
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            yield f"{least:,} to {most:,}{unit}"
        elif least is not None:
            yield f"at least {least:,}{unit}"
        elif most is not None:
            yield f"at most {most:,}{unit}"
    if "pattern" in schema:
        yield Markup("<code>{}</code>").format(schema["pattern"].removeprefix("^").removesuffix("$"))


def _curl(path: str, method: str, told: Json, content: Json | None) -> str:
    """A line for a shell in which SHOP (and for staff TOKEN) are set."""
    query = []
    headers = []
    for parameter in told.get("parameters", []):
        example = parameter.get("example")
        if example is None:
            continue
        one = example[0] if isinstance(example, list) else example
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(one))
        elif parameter["in"] == "query":
            query.append(f"{parameter['name']}={one}")
        else:
            headers.append("-H " + shlex.quote(f"{parameter['name']}: {one}"))
    url = f'"$SHOP{path}{"?" if query else ""}{"&".join(query)}"'
    parts = ["curl" if method == "get" else f"curl -X {method.upper()}", url]
    if "security" in told:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    parts += headers
    if content is not None:
        body = json.dumps(content["examples"]["usual"]["value"], ensure_ascii=False, indent=2)
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join([" ".join(parts[:2]), *parts[2:]])


def _all_refusals(nouns: Sequence[Noun]) -> list[Refusal]:
    found: dict[str, Refusal] = {}
    for noun in nouns:
        for operation in noun.operations:
            for refusal in operation.refusals:
                found.setdefault(refusal.code, refusal)
    return sorted(found.values(), key=lambda refusal: (refusal.status, refusal.code))


def _type_name(schema: Json) -> str | None:
    parts = [schema, *schema.get("anyOf", [])]
    return next((part["$ref"].removeprefix(PREFIX) for part in parts if "$ref" in part), None)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _prose(text: str) -> Markup:
    """Paragraphs with `code` and **bold** in them."""
    parts = (html.escape(" ".join(part.split()), quote=False) for part in text.split("\n\n") if part.strip())
    marked = "".join(f"<p>{part}</p>" for part in parts)
    marked = _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", marked))
    return Markup(marked)  # noqa: S704  escaped above


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
