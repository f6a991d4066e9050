"""The public web application: all services' routes, the storefront, the API's description, health checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler

from rialto.edge.bodies import StrictRequest
from rialto.edge.cached import App as ASGIApp
from rialto.edge.docs import render_docs
from rialto.edge.hardened import FOR_PROGRAMS, Hardened
from rialto.edge.openapi import describe
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import (
    BODY_BYTES_MAX,
    about,
    answering_options,
    handle_bug,
    handle_http_error,
    handle_rialto_error,
    handle_validation,
    problem_response,
    status_of,
)
from rialto.kernel.service import Frozen

AnyRequest = Request[Any, Any, Any]
RenderError = Callable[[AnyRequest, int, BaseException | None], Response[Any]]

DESCRIPTION_KEPT = "public, max-age=0, s-maxage=300, stale-if-error=86400"


def web_app(
    routes: Sequence[Any],
    *,
    dependencies: Mapping[str, Any],
    render_error: RenderError,
    is_ready: Callable[[], bool],
    middleware: Sequence[Any] = (),
    describes: bool = True,
    elsewhere: Sequence[HTTPRouteHandler] = (),
) -> ASGIApp:
    """The application. `dependencies` by the name that routes ask for; `is_ready` says whether it can sell.

    `middleware` (Litestar's) stands around every route. `describes`: it tells what the whole API is, with the routes that
    are `elsewhere`, in other processes.
    """

    @get("/health/live", sync_to_thread=False, **about("live", "Is it alive", tag="health"))
    def live() -> Health:
        """The process answers. Restart it when it does not."""
        return Health()

    @get("/health/ready", sync_to_thread=False, **about("ready", "Is it ready", tag="health"))
    def ready() -> Response[Health]:
        """The shop can be browsed. Send it no customers while it answers 503."""
        if not is_ready():  # told, not logged: whoever waits for it asks many times a second
            return problem_response(503, "unavailable", "The shop is starting.", headers={"Retry-After": "1"})  # type: ignore[return-value]
        return Response(Health())

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(
            description, media_type="application/json", headers={"Cache-Control": DESCRIPTION_KEPT}
        )

    @get("/docs", sync_to_thread=False)
    def docs() -> Response[bytes]:
        return page

    handlers = [live, ready, *(one for one in routes if isinstance(one, HTTPRouteHandler))]
    routers = [one for one in routes if not isinstance(one, HTTPRouteHandler)]
    described = [openapi, docs] if describes else []

    def made_of(handlers: Sequence[HTTPRouteHandler]) -> Litestar:
        return _litestar(
            [*answering_options(handlers), *routers],
            dependencies,
            exception_handlers=_handlers(render_error),
            middleware=list(middleware),
        )

    app = made_of([*described, *handlers])
    if describes:
        document = describe(made_of([*handlers, *elsewhere]) if elsewhere else app)
        description = msgspec.json.encode(document)
        page = render_docs(document)
    return Hardened(cast("ASGIApp", app))  # Litestar names its messages more narrowly than ASGI does


def _litestar(routes: Sequence[Any], dependencies: Mapping[str, Any], **options: Any) -> Litestar:
    return Litestar(
        route_handlers=routes,
        dependencies={name: _given(value) for name, value in dependencies.items()},
        openapi_config=None,  # described by ourselves, from the same signatures
        request_class=StrictRequest,
        request_max_body_size=BODY_BYTES_MAX,
        response_cache_config=ResponseCacheConfig(),
        logging_config=None,
        debug=False,
        **options,
    )


class Health(Frozen):
    """`ok`, or no answer at all."""

    status: str = "ok"


def _given(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _handlers(render_error: RenderError) -> dict[Any, Any]:
    def for_people(request: AnyRequest) -> bool:
        return not request.scope["path"].startswith(FOR_PROGRAMS)

    def rialto_error(request: AnyRequest, error: RialtoError) -> Response[Any]:
        if for_people(request):
            return render_error(request, status_of(error), error)
        return handle_rialto_error(request, error)

    def validation(request: AnyRequest, error: ValidationException) -> Response[Any]:
        return render_error(request, 400, error) if for_people(request) else handle_validation(request, error)

    def http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
        if for_people(request) and error.status_code < 500:
            return render_error(request, error.status_code, error)
        return bug(request, error) if error.status_code >= 500 else handle_http_error(request, error)

    def bug(request: AnyRequest, error: Exception) -> Response[Any]:
        told = handle_bug(request, error)
        return render_error(request, 500, error) if for_people(request) else told

    return {
        RialtoError: rialto_error,
        ValidationException: validation,
        HTTPException: http_error,
        Exception: bug,
    }
