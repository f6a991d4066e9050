"""A shop in several processes' parts, for tests of what crosses between them.

    async with a_shop_in_parts(postgres, GROUPS) as shop:
        answer = await shop.buy("LAMP")          # web → orders → inventory, payments, …: as between processes

Each part is an `App` of its own with its own pools, leases and caches. What is between them is the real thing (bodies,
tokens, deadlines, errors, replicas) but for the socket: `Between` hands requests to the other's application. Tests break
it on purpose. `shop.app` is the parts' common face: the web sees the shop as nginx in front of them would.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from rialto.app import ALL, App
from rialto.edge.cached import Message, Receive, Scope, Send
from rialto.edge.gate import Gate
from rialto.kernel.audit import Finding
from rialto.kernel.clock import Clock
from rialto.kernel.consumers import Consumer
from rialto.kernel.db import Database, DatabaseAddress
from rialto.kernel.faults import NoFaults
from rialto.kernel.ids import Ids, RandomIds
from rialto.kernel.remote import Answer, AnswerLost, NotSent
from rialto.kernel.service import Service
from rialto.kernel.tracing import NO_TRACER, Tracer
from rialto.topology import ADMIN, STOREFRONT, Place, place_of, topology_of
from tests.support.databases import SECRETS
from tests.support.goods import goods_in
from tests.support.provider import InProcessProvider, make_sandbox
from tests.support.settling import running
from tests.support.shop import Shop
from tests.support.surroundings import RecordingMail, ShopClock, engines_of
from tests.support.values import settings_in

T = TypeVar("T")
# A call between processes takes so long at least.
USUALLY_S = 0.01


class Between:
    """What lies between the parts: address → the operations application there. `down`, `mute`, `slow` and `half` break it.

    Down: nothing is sent. Mute: the request arrives and its answer is lost. Half: so is every second one's.
    Slow: answers come ten times as late.
    """

    def __init__(self) -> None:
        self.doors: dict[str, Any] = {}
        self.down: set[str] = set()
        self.mute: set[str] = set()
        self.slow: set[str] = set()
        self.half: set[str] = set()
        self._turn = itertools.count(1)
        self.sent: list[str] = []

    async def post(
        self, address: str, path: str, body: bytes, headers: Mapping[str, str], *, group: str
    ) -> Answer:
        if address in self.down or address not in self.doors:
            raise NotSent(address)
        self.sent.append(path.removeprefix("/internal/"))
        status, told, content = 0, {}, b""

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            nonlocal status, told, content
            if message["type"] == "http.response.start":
                status = message["status"]
                told = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                content += message.get("body", b"")

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        loop = asyncio.get_running_loop()
        began = loop.time()
        # Another process: none of the caller's context but what the request says.
        await loop.create_task(self.doors[address](scope, receive, send), context=_empty_context())
        if address in self.slow:
            later = loop.create_future()
            loop.call_later(9 * max(loop.time() - began, USUALLY_S), later.set_result, None)
            await later
        if address in self.mute or (address in self.half and next(self._turn) % 2 == 0):
            raise AnswerLost(address)
        return Answer(status, told, content)

    async def close(self) -> None:
        """There is nothing to let go of."""


def _empty_context() -> Any:
    import contextvars

    return contextvars.Context()


async def _resolve(name: str) -> Sequence[str]:
    """A peer's name is its one address here; `name*3:8001` would be three."""
    host, _, port = name.rpartition(":")
    stem, star, count = host.partition("*")
    return [f"{stem}-{number}:{port}" for number in range(1, int(count) + 1)] if star else [name]


class Parts:
    """The parts' common face. Has of an `App` what tests ask of one."""

    def __init__(self, apps: Mapping[str, App], between: Between) -> None:
        self.apps = apps
        self._working: dict[str, AsyncExitStack] = {}
        self.between = between
        first = next(iter(apps.values()))
        self.settings = first.settings
        self.engines = first.engines
        self.services: list[Service] = [service for app in apps.values() for service in app.services]
        self.handlers = {name: handlers for app in apps.values() for name, handlers in app.handlers.items()}
        self.databases: dict[str, Database] = {
            name: db for app in apps.values() for name, db in app.databases.items()
        }
        self.consumers: list[Consumer] = [consumer for app in apps.values() for consumer in app.consumers]
        self.feeds = [feed for app in apps.values() for feed in app.feeds]
        self.bus = first.bus
        self.background = _Backgrounds(apps)
        self.keyring = first.keyring
        self.maintenance = first.maintenance

    @property
    def pages_refresh(self) -> Any:
        return self._with("search").pages_refresh

    def __getitem__(self, api: type[T]) -> T:
        # As the web asks: from a process that has none of it.
        outside = next(app for name, app in self.apps.items() if not app.services)
        return outside[api]

    async def start(self) -> None:
        for app in self.apps.values():
            await app.start()

    async def close(self) -> None:
        for app in self.apps.values():
            await app.close()

    async def work(self, name: str) -> None:
        """The part answers the others and does its background work."""
        self.between.down.discard(f"{name}:8001")
        self._working[name] = AsyncExitStack()
        await self._working[name].enter_async_context(running(self.apps[name]))

    async def stop(self, name: str) -> None:
        """The part is gone for the others, and does nothing."""
        self.between.down.add(f"{name}:8001")
        await self._working.pop(name).aclose()

    async def stop_all(self) -> None:
        for stack in self._working.values():
            await stack.aclose()

    async def audit(self) -> list[Finding]:
        found: list[Finding] = []
        for app in self.apps.values():
            found += await app.audit()
        return found

    def web(self) -> Front:
        return Front(self.apps)

    def _with(self, service: str) -> App:
        return next(app for app in self.apps.values() if service in app.place.parts)


class Front:
    """Sends each request to the part whose routes it is for, as nginx in front of the parts does."""

    def __init__(self, apps: Mapping[str, App]) -> None:
        self._gates: dict[str, Gate] = {name: app.web() for name, app in apps.items()}
        self._routes = [
            (path, name)
            for name, app in apps.items()
            for service in app.services
            for route in service.routes
            for path in route.paths
        ]
        self._pages = next(name for name, app in apps.items() if STOREFRONT in app.place.parts)
        self._desk = next(name for name, app in apps.items() if ADMIN in app.place.parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gates[self.part_of(scope["path"])](scope, receive, send)

    def part_of(self, path: str) -> str:
        """The name of the part that answers at this address."""
        if path == "/admin" or path.startswith("/admin/"):
            return self._desk
        asked = path.split("/")
        fitting = [(template, name) for template, name in self._routes if _fits(template.split("/"), asked)]
        # The most literal one wins, as in the framework.
        return min(fitting, key=lambda found: found[0].count("{"))[1] if fitting else self._pages


def _fits(template: Sequence[str], asked: Sequence[str]) -> bool:
    if template and template[-1].endswith(":path}"):
        return len(asked) >= len(template) and _fits(template[:-1], asked[: len(template) - 1])
    return len(template) == len(asked) and all(
        part.startswith("{") or part == given for part, given in zip(template, asked, strict=True)
    )


class _Backgrounds:
    def __init__(self, apps: Mapping[str, App]) -> None:
        self._apps = apps

    def wake(self, job: str) -> None:
        for app in self._apps.values():
            app.background.wake(job)


@asynccontextmanager
async def a_shop_in_parts(
    postgres: DatabaseAddress,
    topology: str,
    *,
    seed: int = 7,
    replicas: int = 1,
    tracer: Callable[[str, Clock, Ids], Tracer] = lambda *_: NO_TRACER,
    **changes: Any,
) -> AsyncIterator[Shop]:
    """As `a_shop`, cut as the topology says; each part runs its own background. `replicas` of each; `tracer` makes one for a part."""
    async with AsyncExitStack() as stack:
        clock, between, mail = ShopClock(), Between(), RecordingMail()
        sandbox = make_sandbox(clock, random.Random(seed))
        address = await stack.enter_async_context(goods_in(postgres, ALL))
        services = [replace(service, gathers_s=0.0) for service in ALL]
        groups = topology_of(topology, [service.name for service in ALL]).groups
        apps: dict[str, App] = {}
        for group in groups:
            for number in range(1, replicas + 1):
                data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rialto-part-")))
                peers = {other: (f"{other}*{replicas}:8001",) for other in groups}
                settings = msgspec.structs.replace(
                    settings_in(data),
                    **{"rate_limit": 0, "topology": topology, "group": group, "peers": peers, **changes},
                )
                ids = RandomIds(clock, random.Random(f"{seed}/{group}/{number}"))
                engines = engines_of(
                    address,
                    clock=clock,
                    ids=ids,
                    provider=InProcessProvider(sandbox, clock, SECRETS),
                    mail=mail,
                    faults=NoFaults(),
                    transport=between,
                    resolve=_resolve,
                    tracer=tracer(group, clock, ids),
                )
                place: Place = place_of(settings, [service.name for service in ALL])
                app = apps[f"{group}-{number}"] = App(settings, engines, services, place=place)
                between.doors[f"{group}-{number}:8001"] = app.ops()
        parts = Parts(apps, between)
        shop = Shop(cast("App", parts), clock=clock, sandbox=sandbox, mail=mail, address=address)
        stack.push_async_callback(shop.close)
        await parts.start()
        stack.push_async_callback(parts.stop_all)
        for name in apps:
            await parts.work(name)
        yield shop
