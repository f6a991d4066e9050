"""The HTTP layer's words: problem details, who is asking, what routes share.

Errors of the kernel's tree become RFC 9457 problem details here and nowhere else: `type` is a stable URN of
the code, `code` repeats it for programs, `errors` lists faulty fields.
Neither routes nor services raise HTTP exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import msgspec
import structlog
from litestar import Request, Response, route
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, SkipValidation

from rialto.kernel import errors
from rialto.kernel.auth import Principal, allows
from rialto.kernel.errors import Denied, FieldProblem, Invalid, RialtoError
from rialto.kernel.ids import AccountId
from rialto.kernel.reaching import Outage

T = TypeVar("T")

# `carts: Injected[Carts]` in a route's signature: the service of that name, not validated per request.
Injected = NamedDependency[SkipValidation[T]]

PROBLEM_MEDIA_TYPE = "application/problem+json"
BODY_BYTES_MAX = 1_000_000
MISSING_PARAMETER = re.compile(r"^Missing required \w+ parameter '([\w-]+)'")
VERSION = re.compile(r'"?([0-9]{1,9})"?')
_PORT = re.compile(r":[0-9]{0,5}$")

log = structlog.get_logger("rialto.http")

STATUS: Mapping[type[RialtoError], int] = {
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.VersionConflict: 412,
    errors.Conflict: 409,
    errors.Denied: 403,
    errors.TooMany: 429,
    errors.Declined: 402,
    errors.Unavailable: 503,
}
TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Not signed in",
    402: "Payment declined",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}
# What is wrong with the request as such, not with its content, is 400.
BAD_REQUEST_CODES = frozenset(
    {"idempotency_key_missing", "idempotency_key_not_valid", "malformed", "if_match_missing"}
)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457, with our extensions `code` and `errors`. The request id stands in the X-Request-Id header."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = []


def status_of(error: RialtoError) -> int:
    if isinstance(error, Denied):
        return 403 if error.signed_in else 401
    if error.stable_code in BAD_REQUEST_CODES:
        return 400
    for root, status in STATUS.items():
        if isinstance(error, root):
            return status
    return 500


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    fields: Sequence[FieldProblem] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[bytes]:
    """A problem as a response. `extra` adds members beside the standard ones."""
    problem = msgspec.to_builtins(
        Problem(
            type=f"urn:rialto:problem:{code}",
            title=TITLES.get(status, "Error"),
            status=status,
            detail=detail,
            code=code,
            errors=list(fields),
        )
    )
    body = msgspec.json.encode({**msgspec.to_builtins(dict(extra or {})), **problem})
    return Response(
        body,
        status_code=status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def handle_rialto_error(request: Request[Any, Any, Any], error: RialtoError) -> Response[bytes]:
    status = status_of(error)
    headers = {}
    if error.retry_after_s is not None or status in {429, 503}:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s or 1)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status >= 500:
        log.warning(
            "request failed", path=request.url.path, code=error.stable_code, cause=repr(error.__cause__)
        )
    return problem_response(
        status,
        error.stable_code,
        error.text,
        fields=error.fields,
        extra=error.extra,
        headers=headers,
    )


def handle_validation(_request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """What the framework itself found wrong with parameters, or that a body is missing: 422 with field paths."""
    return problem_response(
        422, Invalid.code, "The request does not fit what this operation takes.", fields=_faults(error)
    )


def _faults(error: ValidationException) -> list[FieldProblem]:
    missing = MISSING_PARAMETER.search(error.detail)
    if missing:
        return [FieldProblem(path=missing[1], code="required", message="Please fill this in.")]
    found = [item for item in error.extra if isinstance(item, dict)] if isinstance(error.extra, list) else []
    if any(item.get("key") == "data" for item in found):
        return [FieldProblem(path="", code="required", message="This needs a body.")]
    return [
        FieldProblem(
            path=str(item.get("key") or item.get("source") or ""),
            code="not_valid",
            message=str(item.get("message", "not valid")),
        )
        for item in found
    ]


def handle_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the framework refuses before any route of ours is reached."""
    status = error.status_code
    codes = {
        400: "malformed",
        401: "denied",
        403: "denied",
        404: "not_found",
        405: "method_not_allowed",
        413: "too_large",
        415: "unsupported_media_type",
    }
    details = {
        400: "The request could not be read.",
        404: "There is nothing at this address.",
        405: "This address does not know this method; Allow names those it knows.",
        413: f"The body is larger than {body_bytes_max(request.scope.get('route_handler')):,} bytes.",
    }
    if status >= 500:
        return handle_bug(request, error)
    methods = next((value for key, value in (error.headers or {}).items() if key.lower() == "allow"), None)
    return problem_response(
        status,
        codes.get(status, f"http_{status}"),
        details.get(status) or str(error.detail),
        headers={} if methods is None else {"Allow": allowed(methods.split(", "))},
    )


def body_bytes_max(handler: object) -> int:
    """What a route takes at most."""
    own = handler.request_max_body_size if isinstance(handler, HTTPRouteHandler) else None
    return own if isinstance(own, int) else BODY_BYTES_MAX


def handle_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug of ours: logged with everything, told without anything."""
    log.error("a bug", path=request.url.path, method=request.method, exc_info=error)
    return problem_response(500, "internal_error", "Something went wrong on our side; it has been recorded.")


def principal_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
    """Who is asking, as the edge found out from the bearer token. Raises Denied for a bad one."""
    found = connection.scope["rialto.principal"]()  # type: ignore[typeddict-item]
    assert isinstance(found, Principal)
    return found


def answering_options(handlers: Sequence[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    """The handlers, and before them for each of their addresses one that tells what may be asked there (OPTIONS).

    The framework makes its own, but where one address has several handlers that knows only the first one's methods.
    """
    methods: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            methods.setdefault(path, set()).update(handler.http_methods)
    return [*(_options(path, allowed(names)) for path, names in methods.items()), *handlers]


def _options(path: str, allow: str) -> HTTPRouteHandler:
    @route(path, http_method="OPTIONS", sync_to_thread=False)
    def options() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": allow})

    return options


def allowed(methods: Collection[str]) -> str:
    """An Allow header. Whatever answers GET answers HEAD (the edge sees to it) and OPTIONS."""
    return ", ".join(sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}))


def client_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address the request comes from, as the edge found out: behind a trusted proxy not the peer's."""
    client: str = connection.scope["rialto.client"]  # type: ignore[typeddict-item]
    return client


def outage_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Outage | None:
    """Whether the shop's database was away when the request came in; what is shown is then as of a former moment."""
    found: Outage | None = connection.scope.get("rialto.outage")  # type: ignore[assignment]
    return found


def host_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The name by which the shop was called, without its port. Proxies hand on the Host header; no other header is believed."""
    return _PORT.sub("", connection.headers.get("host", "")).lower().rstrip(".")


def customer_of(connection: ASGIConnection[Any, Any, Any, Any]) -> AccountId | None:
    """The signed-in customer's account; None for guests and staff. Raises Denied for a bad token."""
    principal = principal_of(connection)
    return AccountId(principal.id) if principal.kind == "customer" and principal.id else None


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def requires(permission: str) -> Guard:
    """A guard: staff with this permission only. 401 without a token, 403 with too small a role."""

    # Not a plain function: Litestar would send it through a thread at each request.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        principal = principal_of(connection)
        if principal.kind == "guest":
            raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
        if not allows(principal, permission):
            raise Denied(f"This needs the permission {permission}.")

    guard.permission = permission  # type: ignore[attr-defined]
    return guard


async def customer_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: signed-in customers only."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "customer":
        raise Denied("This is for customers.")


customer_only.audience = "a customer"  # type: ignore[attr-defined]


# A route that goes on while customers can change nothing (edge/maintenance.py) says so in its options.
GOES_ON = "goes_on"


async def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard: any member of staff."""
    principal = principal_of(connection)
    if principal.kind == "guest":
        raise Denied("Please sign in.", signed_in=False, code="not_signed_in")
    if principal.kind != "staff":
        raise Denied("This is for staff.")


staff_only.permission = "any member of staff"  # type: ignore[attr-defined]


def about(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    refuses: Sequence[type[RialtoError] | RialtoError] = (),
    answers: Mapping[int, Any] | None = None,
    parameters: Sequence[Mapping[str, Any]] = (),
    tagged: bool = False,
    example: Mapping[str, Any] | None = None,
    takes: str | None = None,
    media_type: str | None = None,
    goes_on: bool = False,
) -> dict[str, Any]:
    """What `/openapi.json` says of a route beside what its signature says, as keywords for Litestar's decorators.

    `refuses` lists the errors it may answer with (what any request may meet is added there), `answers` further
    successful statuses and their types, `parameters` what no signature can say (in OpenAPI's form), `tagged` says that its answer carries an ETag, `example` is a body. `takes` is the media type of a body that is no JSON, `media_type` that of such an answer: bytes.
    `goes_on`: also during maintenance, though it is no reading.
    """
    told = About(
        refuses=tuple(refuses),
        answers=dict(answers or {}),
        parameters=tuple(parameters),
        tagged=tagged,
        example=example,
        takes=takes,
        media_type=media_type,
    )
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "opt": {"about": told, GOES_ON: goes_on},
    }


@dataclass(frozen=True, kw_only=True)
class About:
    """See `about`."""

    refuses: tuple[type[RialtoError] | RialtoError, ...] = ()
    answers: Mapping[int, Any] = field(default_factory=dict)
    parameters: tuple[Mapping[str, Any], ...] = ()
    tagged: bool = False
    example: Mapping[str, Any] | None = None
    takes: str | None = None
    media_type: str | None = None


IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The ETag the change is based on.")
]


def if_match(header: str | None) -> int:
    """The version in an If-Match header (`"7"`, also without its quotes). Raises Invalid when it is none."""
    if header is None:
        raise Invalid(
            "This request needs an If-Match header with the ETag it is based on.", code="if_match_missing"
        )
    found = VERSION.fullmatch(header.strip())
    if found is None:
        raise Invalid("The If-Match header does not hold an ETag of ours.", code="if_match_missing")
    return int(found[1])


def etag(version: int) -> str:
    """A strong ETag of a version."""
    return f'"{version}"'
