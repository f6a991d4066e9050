"""The two applications of a process: the public port's and the operations port's.

What they offer follows from which services are here. app.py makes the services; nothing is decided here but who is
let in where.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from litestar import Response

from rialto.admin.routes import ROUTES as ADMIN
from rialto.admin.routes import render_error as render_error_for_staff
from rialto.edge.admission import Admission, Admitted, Refusals
from rialto.edge.audited import audited
from rialto.edge.cached import App as ASGIApp
from rialto.edge.cached import CachedPages, Kept, pages_of_others
from rialto.edge.gate import Gate
from rialto.edge.internal import InternalCalls, Served
from rialto.edge.maintenance import maintained
from rialto.edge.ops import ops_app
from rialto.edge.positions import following
from rialto.edge.renewing import staying_signed_in
from rialto.edge.web import AnyRequest, web_app
from rialto.elsewhere import ASKS_KEEPERS, PERSONAL, UPKEEP
from rialto.engines.memory_cache import MemoryCache
from rialto.identity.api import Identity
from rialto.kernel.auth import TokenVerifier
from rialto.kernel.browser import ADMIN as ADMIN_JAR
from rialto.kernel.browser import jar_of
from rialto.kernel.cache import Entry
from rialto.kernel.calls import bind
from rialto.kernel.limits import limiter_of
from rialto.kernel.personal import Keeper, ServiceKeeper
from rialto.kernel.roles import RoleBook, Roles
from rialto.kernel.service import Nothing
from rialto.kernel.service_tokens import WEB, CallerCheck, callers_of
from rialto.kernel.upkeep import Upkeep
from rialto.kernel.wire import signatures_of
from rialto.notifications.viewer import OPS_ROUTES
from rialto.storefront.errors import crowded_pages
from rialto.storefront.routes import ROUTES as STOREFRONT
from rialto.storefront.routes import render_error as render_error_for_shoppers
from rialto.topology import ADMIN as ADMIN_PART
from rialto.topology import STOREFRONT as STOREFRONT_PART

if TYPE_CHECKING:
    from rialto.app import App

PAGES_KEPT = 4000
BURST_S = 4


def operations_app(shop: App) -> InternalCalls:
    """The application of the operations port: for those who watch, and for the shop's other processes."""
    shown = OPS_ROUTES if "notifications" in shop.place.parts else ()
    app = ops_app(shown, dependencies=shop.dependencies(), scrape=shop.watch.scrape, details=shop.details)
    return InternalCalls(
        _served(shop),
        cast("ASGIApp", app),
        clock=shop.engines.clock,
        leaving=shop.leaving,
        admission=_admission(shop, "operations"),
        tracer=shop.engines.tracer,
    )


def _admission(shop: App, port: str) -> Admission:
    """Each port has places of its own: a request here may wait for calls that come back in at the other port."""
    return Admission(shop.engines.clock, shop.engines.ids, shop.metrics, port=port)


def _served(shop: App) -> dict[str, Served]:
    """What other processes may call here, and who."""
    allowed = callers_of(shop.everything)
    limited = partial(bind, clock=shop.engines.clock, strict=False)
    served = {}
    for service in shop.services:
        # The service's own operations have their time limits already.
        served[service.name] = _as_served(
            shop, service.name, service.api, shop[service.api], allowed=allowed[service.name]
        )
        if service.name in shop.upkeep:
            name, calls = f"{service.name}.{UPKEEP}", limited(Upkeep, shop.upkeep[service.name])
            served[name] = _as_served(shop, name, Upkeep, calls, allowed=frozenset({WEB}))
        if service.personal is not None:
            keeper = ServiceKeeper(service.personal, shop.handlers[service.name])
            name, keeping = f"{service.name}.{PERSONAL}", limited(Keeper, keeper)
            served[name] = _as_served(shop, name, Keeper, keeping, allowed=frozenset({ASKS_KEEPERS}))
    return served


def _as_served(shop: App, name: str, api: type[Any], calls: Any, *, allowed: frozenset[str]) -> Served:
    check = CallerCheck(
        name, allowed, shop.keyring, issuer=shop.settings.public_url, clock=shop.engines.clock
    )
    return Served(signatures=signatures_of(api), calls=calls, check=check)


def public_app(shop: App) -> Gate:
    """The application of the public port: the routes of the services that are here, and pages if they are."""
    engines, settings = shop.engines, shop.settings
    pages_here = STOREFRONT_PART in shop.place.parts
    others = [service for service in shop.everything if shop.elsewhere.has(service.name)]
    app = web_app(
        _routes(shop),
        describes=pages_here,
        elsewhere=[route for service in others for route in service.routes],
        dependencies=shop.dependencies(),
        render_error=render_error,
        is_ready=lambda: not shop.leaving.now and shop.is_ready(),
        middleware=[
            *([following(shop.copied.standbys, secure=settings.secure)] if engines.replica_addresses else []),
            staying_signed_in(shop[Identity], secure=settings.secure),
            maintained(shop.maintenance),
            audited(shop[Identity]),
        ],
    )
    pages = _kept_pages(shop, app)
    roles = RoleBook(lambda: _load_roles(shop), clock=engines.clock)
    rate = settings.rate_limit
    return Gate(
        pages,
        clock=engines.clock,
        ids=engines.ids,
        metrics=shop.metrics,
        verifier=_verifier(shop, roles),
        limiter=limiter_of("gate", shop.key_values, per_s=rate, burst=rate * BURST_S, clock=engines.clock)
        if rate
        else None,
        trusted_proxies=settings.trusted_proxies,
        kept=pages,
        roles=roles,
        origins=settings.cors_origins,
        refusals=Refusals(*crowded_pages()),
        outage=lambda: shop.reach.outage,
        tracer=engines.tracer,
    )


def _kept_pages(shop: App, app: ASGIApp) -> CachedPages:
    """What is kept ready before the application, and forgotten with what it was made of."""
    kept: MemoryCache[Entry[Kept]] = MemoryCache(PAGES_KEPT)
    pages = CachedPages(
        Admitted(app, _admission(shop, "public")),
        kept,
        clock=shop.engines.clock,
        ids=shop.engines.ids,
        metrics=shop.metrics,
        beyond=pages_of_others(
            shop.key_values,
            secret=shop.engines.secrets.derive("keyvalue:pages"),
            clock=shop.engines.clock,
            as_of=shop.pages_refresh.positions,
            metrics=shop.metrics,
        ),
    )
    shop.pages_refresh.then(pages.clear)
    shop.reach.when_changed(pages.clear)
    return pages


def _verifier(shop: App, roles: RoleBook) -> TokenVerifier:
    return TokenVerifier(
        shop.keyring.public_keys(),
        issuer=shop.settings.public_url,
        clock=shop.engines.clock,
        permissions_of=roles.permissions_of,
        watch=shop.keyring.news,
    )


def _routes(shop: App) -> list[Any]:
    return [
        *(route for service in shop.services for route in service.routes),
        *(ADMIN if ADMIN_PART in shop.place.parts else ()),
        *(STOREFRONT if STOREFRONT_PART in shop.place.parts else ()),
    ]


async def _load_roles(shop: App) -> Roles:
    found = await shop[Identity].list_roles(Nothing())
    return {role.name: frozenset(role.permissions) for role in found.items}


def render_error(request: AnyRequest, status: int, error: BaseException | None = None) -> Response[Any]:
    """An error's page in the frame of the part of the shop it happened in."""
    is_staffs = jar_of(request.scope["path"]) is ADMIN_JAR
    render = render_error_for_staff if is_staffs else render_error_for_shoppers
    return render(request, status, error)
