"""The operations port, on loopback unless told otherwise: metrics, details of health, the mail viewer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Litestar, Response, get
from litestar.di import Provide

from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_rialto_error


def ops_app(
    routes: Sequence[Any],
    *,
    dependencies: Mapping[str, Any],
    scrape: Callable[[], Awaitable[bytes]],
    details: Callable[[], Awaitable[dict[str, Any]]],
) -> Litestar:
    """The application behind RIALTO_OPS_PORT."""

    @get("/metrics")
    async def read_metrics() -> Response[bytes]:
        return Response(await scrape(), media_type="text/plain; version=0.0.4")

    @get("/health/details")
    async def read_details() -> dict[str, Any]:
        return await details()

    return Litestar(
        route_handlers=[read_metrics, read_details, *routes],
        dependencies={name: _given(value) for name, value in dependencies.items()},
        exception_handlers={RialtoError: handle_rialto_error},
        openapi_config=None,
        logging_config=None,
    )


def _given(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
