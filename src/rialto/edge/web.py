"""The public web application: all services' routes, the storefront, the API's description, two health checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from rialto import __version__
from rialto.edge.cached import App as ASGIApp
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import (
    BODY_BYTES_MAX,
    handle_bug,
    handle_http_error,
    handle_rialto_error,
    handle_validation,
    problem_response,
    status_of,
)

AnyRequest = Request[Any, Any, Any]
RenderError = Callable[[AnyRequest, int, BaseException | None], Response[Any]]

# Addresses that programs use: their errors are problem details, all others' are pages.
FOR_PROGRAMS = ("/v1/", "/health/", "/.well-known/", "/openapi.json")


def web_app(
    routes: Sequence[Any],
    *,
    dependencies: Mapping[str, Any],
    render_error: RenderError,
    is_ready: Callable[[], bool],
) -> ASGIApp:
    """The application. `dependencies` by the name that routes ask for; `is_ready` says whether it can sell."""

    @get("/health/live", include_in_schema=False, sync_to_thread=False)
    def live() -> dict[str, str]:
        return {"status": "ok"}

    @get("/health/ready", include_in_schema=False, sync_to_thread=False)
    def ready() -> Response[Any]:
        if not is_ready():  # told, not logged: whoever waits for it asks many times a second
            return problem_response(503, "unavailable", "The shop is starting.")
        return Response({"status": "ok"})

    @get("/openapi.json", include_in_schema=False, sync_to_thread=False)
    def openapi(request: AnyRequest) -> Response[bytes]:
        body = msgspec.json.encode(request.app.openapi_schema.to_schema())
        return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=300"})

    app = Litestar(
        route_handlers=[live, ready, openapi, *routes],
        dependencies={name: _given(value) for name, value in dependencies.items()},
        exception_handlers=_handlers(render_error),
        openapi_config=_description(),
        request_max_body_size=BODY_BYTES_MAX,
        response_cache_config=ResponseCacheConfig(),
        logging_config=None,
        debug=False,
    )
    return cast("ASGIApp", app)  # Litestar names its messages more narrowly than ASGI does


def _given(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _description() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Rialto",
        version=__version__,
        description="Money is `{amount, currency}` in minor units; errors are RFC 9457 problem details with a `code`.",
        path="/openapi",
        render_plugins=[],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
    )


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
