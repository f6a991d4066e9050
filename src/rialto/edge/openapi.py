"""The API's description (OpenAPI 3.1), made from the routes themselves so that it cannot say anything else.

What a route takes and answers stands in its signature and is described by msgspec, which is also what parses
it; what it refuses stands beside it (`kernel.http.about`). What every request may meet is added here: bad
tokens for staff's routes, too many requests, a part of the shop that does not answer.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_origin

from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, HeaderParameter, ParameterKwarg, PathParameter, QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import Empty
from litestar.typing import FieldDefinition

from rialto import __version__
from rialto.edge.introduction import INTRODUCTION, TAGS
from rialto.edge.maintenance import stops_in_maintenance
from rialto.edge.schemas import Schemas, parameter_schema
from rialto.edge.vocabulary import HEADERS_REQUIRED, WORDS
from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.errors import Denied, Invalid, NotFound, RialtoError, TooMany, Unavailable
from rialto.kernel.http import PROBLEM_MEDIA_TYPE, TITLES, About, Problem, body_bytes_max, status_of
from rialto.kernel.maintenance import InMaintenance

Json = dict[str, Any]

NOT_SIGNED_IN = Denied("Please sign in.", signed_in=False, code="not_signed_in")
MALFORMED = Invalid("The request could not be read.", code="malformed")
PLACES: Mapping[type[ParameterKwarg], str] = {
    PathParameter: "path",
    QueryParameter: "query",
    HeaderParameter: "header",
}


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def describe(app: Litestar) -> Json:
    """The whole document, ready for JSON."""
    found = sorted(_operations(app), key=lambda one: _tag_order(one[2]))
    schemas = Schemas(
        requests=[field.annotation for _, _, handler in found if (field := _body(handler)) is not None],
        replies=[Problem, *(kind for _, _, handler in found for kind in _answers(handler).values())],
    )
    paths: dict[str, Json] = {}
    for path, method, handler in found:
        paths.setdefault(path, {})[method.lower()] = _operation(path, handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rialto",
            "version": __version__,
            "summary": "Browse, fill a cart, buy; and run the shop.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` that signing in answers with.",
                }
            },
        },
    }


_HEADERS: Json = {
    "RequestId": {
        "description": "Names this request; our log knows it by this name.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}$"},
        "example": "k4payrxjw0jnah1k",
    },
    "RetryAfter": {
        "description": "In how many seconds it is worth trying again.",
        "schema": {"type": "integer", "minimum": 1},
        "required": True,
        "example": 2,
    },
    "WwwAuthenticate": {
        "description": "How to sign in.",
        "schema": {"type": "string", "const": "Bearer"},
        "required": True,
    },
    "ETag": {
        "description": "The version; send it as If-Match with the change that is based on it.",
        "schema": {"type": "string"},
        "required": True,
        "example": '"3"',
    },
    "Location": {
        "description": "Where what was created can be read.",
        "schema": {"type": "string"},
        "example": "/v1/orders/ord_06bqk3v1m5g7r0z2x4c6n8p0qs",
    },
}


def _operations(app: Litestar) -> Iterable[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        # The framework keeps them in a set: every process must describe the same in the same order.
        for method, (handler, _) in sorted(route.route_handler_map.items(), key=_method_order):
            if "about" in handler.opt:
                yield route.path_format, str(method), handler


def _method_order(entry: tuple[Any, Any]) -> tuple[int, str]:
    method = str(entry[0])
    return (METHODS.index(method) if method in METHODS else len(METHODS), method)


def _tag_order(handler: HTTPRouteHandler) -> int:
    return list(TAGS).index(_tag(handler))


def _tag(handler: HTTPRouteHandler) -> str:
    return min(handler.tags or ["other"])


def _body(handler: HTTPRouteHandler) -> FieldDefinition | None:
    field = handler.parsed_fn_signature.parameters.get("data")
    return field if field is not None and isinstance(field.kwarg_definition, BodyKwarg) else None


def _answers(handler: HTTPRouteHandler) -> dict[int, Any]:
    """The types it answers with, by status; None: no body."""
    kind = handler.parsed_return_field.annotation
    if get_origin(kind) is Response or kind is Response:
        kind = next(iter(get_args(kind)), Any)
    first = None if kind in {None, type(None)} or _about(handler).media_type else kind
    return {handler.status_code: first, **_about(handler).answers}


def _about(handler: HTTPRouteHandler) -> About:
    found = handler.opt["about"]
    assert isinstance(found, About)
    return found


def _operation(path: str, handler: HTTPRouteHandler, schemas: Schemas) -> Json:
    permission, audience = _guarded_by(handler, "permission"), _guarded_by(handler, "audience")
    text = inspect.getdoc(handler.fn) or f"{handler.summary}."
    if permission:
        text += f"\n\nNeeds the permission `{permission}`."
    if audience:
        text += f"\n\nNeeds the token of {audience}."
    operation: Json = {
        "operationId": handler.operation_id,
        "summary": handler.summary,
        "description": text,
        "tags": [_tag(handler)],
        "parameters": _parameters(path, handler),
        "responses": _responses(handler, schemas, guarded=bool(permission or audience)),
    }
    body = _body(handler)
    if body is not None:
        operation["requestBody"] = _request_body(body, _about(handler), schemas)
    elif (takes := _about(handler).takes) is not None:
        operation["requestBody"] = {"required": True, "content": {takes: _BYTES}}
    if permission or audience:
        operation["security"] = [{"bearer": []}]
    return {name: value for name, value in operation.items() if value != []}


def _guarded_by(handler: HTTPRouteHandler, word: str) -> str | None:
    """What one of its guards says of itself."""
    return next((getattr(guard, word) for guard in handler.resolve_guards() if hasattr(guard, word)), None)


def _request_body(field: FieldDefinition, about: About, schemas: Schemas) -> Json:
    schema = schemas.of(field.annotation)
    optional = field.default is not Empty and field.default is not inspect.Parameter.empty
    example = dict(about.example) if about.example is not None else schemas.sample(schema)
    return {
        "required": not optional,
        "content": {"application/json": {"schema": schema, "examples": {"usual": {"value": example}}}},
    }


def _parameters(path: str, handler: HTTPRouteHandler) -> list[Json]:
    found = []
    for called, place, field, kwarg in _taken(handler):
        word = WORDS.get(called)
        required = place == "path" or called in HEADERS_REQUIRED or field.is_required
        found.append(
            {
                "name": called,
                "in": place,
                "required": required,
                "description": kwarg.description or (word.text if word else called),
                "schema": (schema := parameter_schema(field, kwarg, word)),
            }
        )
        if word and (required or word.shown):
            found[-1]["example"] = [word.example] if schema.get("type") == "array" else word.example
    named = {parameter["name"] for parameter in found}
    missing = {part[1:-1] for part in path.split("/") if part.startswith("{")} - named
    assert not missing, f"{path}: {missing} has no parameter"
    return [*found, *map(dict, _about(handler).parameters)]


def _taken(handler: HTTPRouteHandler) -> Iterable[tuple[str, str, FieldDefinition, ParameterKwarg]]:
    """Name, place, type and rules of each parameter."""
    for name, field in handler.parsed_fn_signature.parameters.items():
        kwarg = field.kwarg_definition
        for kind, place in PLACES.items():
            if isinstance(kwarg, kind):
                yield kwarg.name or name, place, field, kwarg


def _responses(handler: HTTPRouteHandler, schemas: Schemas, *, guarded: bool) -> Json:
    about = _about(handler)
    responses: Json = {}
    for status, kind in _answers(handler).items():
        headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if about.tagged:
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        if status == 201:
            headers["Location"] = {"$ref": "#/components/headers/Location"}
        responses[str(status)] = {"description": _SUCCESS.get(status, "Done."), "headers": headers}
        if about.media_type is not None:
            responses[str(status)]["content"] = {about.media_type: _BYTES}
        elif kind is not None:
            schema = schemas.of(kind)
            responses[str(status)]["content"] = {
                "application/json": {
                    "schema": schema,
                    "examples": {"usual": {"value": schemas.sample(schema)}},
                }
            }
    for status, refusals in sorted(_refusals(handler, guarded=guarded).items()):
        responses[str(status)] = _problem(status, refusals)
    return responses


_BYTES: Json = {
    "schema": {"type": "string", "format": "binary"},
    "examples": {"usual": {"value": "(bytes)"}},
}
_SUCCESS = {
    200: "The answer.",
    201: "Created.",
    202: "Taken in, not finished.",
    204: "Done; nothing to say.",
}


def _refusals(handler: HTTPRouteHandler, *, guarded: bool) -> dict[int, list[tuple[str, str]]]:
    """By status: code and text of each refusal that is known beforehand."""
    places = {called: place for called, place, _, _ in _taken(handler)}
    body = _body(handler)
    expected: list[RialtoError] = [_raised(one) for one in _about(handler).refuses]
    if guarded:
        expected += [NOT_SIGNED_IN, AccessTokenRefused(), Denied("This needs a permission you do not have.")]
    takes_body = body is not None or _about(handler).takes is not None
    if takes_body:
        expected.append(MALFORMED)
    if "If-Match" in places:
        expected.append(
            Invalid(
                "This request needs an If-Match header with the ETag it is based on.", code="if_match_missing"
            )
        )
    if "path" in places.values():
        expected.append(NotFound())
    if takes_body or {"path", "query"} & set(places.values()):
        expected.append(Invalid())
    expected += [TooMany(retry_after_s=1), Unavailable(retry_after_s=1)]
    if stops_in_maintenance(handler):
        expected.append(InMaintenance())
    found: dict[int, list[tuple[str, str]]] = {}
    for error in expected:
        told = found.setdefault(status_of(error), [])
        if error.stable_code not in {code for code, _ in told}:
            told.append((error.stable_code, error.text))
    if takes_body:
        # Told by the framework before any error of ours could be raised.
        media_type = _about(handler).takes or "application/json"
        found[413] = [("too_large", f"The body is larger than {body_bytes_max(handler):,} bytes.")]
        found[415] = [("unsupported_media_type", f"Send the body as {media_type}.")]
    return found


def _raised(refusal: type[RialtoError] | RialtoError) -> RialtoError:
    return refusal() if isinstance(refusal, type) else refusal


def _problem(status: int, refusals: Sequence[tuple[str, str]]) -> Json:
    headers: Json = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if status in {429, 503}:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WwwAuthenticate"}
    codes = ", ".join(f"`{code}`" for code, _ in refusals)
    return {
        "description": f"{TITLES[status]}: {codes}.",
        "headers": headers,
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"value": problem_example(status, code, text)} for code, text in refusals},
            }
        },
    }


def problem_example(status: int, code: str, text: str) -> Mapping[str, Any]:
    told = {
        "type": f"urn:rialto:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": text,
        "code": code,
    }
    if code == Invalid.code:
        told["errors"] = [{"path": "quantity", "code": "not_valid", "message": "Expected `int` <= 99"}]
    return told
