"""What a service is: one declaration that the composition root can plug in anywhere.

A service is named, has a typed interface (a Protocol whose methods are marked `@operation`), says what it
needs and how it is built, and lists its routes, reactions, jobs and migrations. Nothing here knows any
particular service; `app.py` decides which of them live in this process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, dataclass_transform

import msgspec

if TYPE_CHECKING:
    from rialto.kernel.bus import Logged
    from rialto.kernel.clock import Clock
    from rialto.kernel.consumers import Delivery
    from rialto.kernel.db import Database, WriteSession
    from rialto.kernel.documents import Collection
    from rialto.kernel.events import Event
    from rialto.kernel.faults import Faults
    from rialto.kernel.gauges import Gauge
    from rialto.kernel.ids import Ids
    from rialto.kernel.personal import PersonalData
    from rialto.kernel.settings import Settings

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class FrozenMeta(msgspec.StructMeta):
    """Makes every subclass frozen and keyword-only, which msgspec and type checkers want said in each class."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        return super().__new__(cls, name, bases, namespace, **{"frozen": True, "kw_only": True, **options})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Frozen(msgspec.Struct, frozen=True, kw_only=True, metaclass=FrozenMeta):
    """Root of commands, replies and views: immutable, keyword-only, unknown fields ignored on the wire."""


class Nothing(Frozen):
    """The reply of an operation that has nothing to say, and the command of one that needs nothing."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """How an operation may be called. `timeout_s` bounds one call; only idempotent ones are retried."""

    idempotent: bool
    timeout_s: float


def operation(*, idempotent: bool, timeout_s: float = 5.0) -> Callable[[F], F]:
    """Mark a Protocol method as callable from other services."""

    def mark(method: F) -> F:
        method.__operation__ = Operation(idempotent=idempotent, timeout_s=timeout_s)  # type: ignore[attr-defined]
        return method

    return mark


class Env(Protocol):
    """What a service's `build` receives. `e[Orders]` is the orders service, here or elsewhere."""

    db: Database
    clock: Clock
    ids: Ids
    settings: Settings
    faults: Faults

    def __getitem__(self, api: type[T]) -> T: ...

    def engine(self, port: str) -> Any:
        """The engine chosen for a port such as `mail` or `payments.sandbox`."""
        ...

    def wake(self, job: str) -> None:
        """Ask for a background job of this process to run now instead of at its next turn."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """`run(handlers, event, delivery)` is called for each event of the type, in stream order.

    The delivery's session is the transaction in which the inbox remembers the event: write there, and the
    effect happens exactly once. Calls to other services must be idempotent.

    Where one statement can do for many what it does for one, `run_many(handlers, events, session)` is given
    instead: it gets events of different streams that came together, one of each stream at a time.
    """

    event: type[Event]
    run: Callable[[Any, Any, Delivery], Awaitable[None]] | None = None
    run_many: Callable[[Any, Sequence[Any], WriteSession], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        if (self.run is None) == (self.run_many is None):
            raise TypeError(f"a reaction to {self.event.TYPE} is either for one or for many")


class Feed(Protocol):
    """A broadcast subscription: every process gets every event, for caches and search indexes.

    The feed keeps its own position (partition → last id), together with whatever it makes of the events.
    A feed that is not `active` in this process (another one on the host writes the index) is only polled.
    """

    types: frozenset[str]

    async def start(self, tail: Mapping[int, int]) -> None:
        """Called once before the first read, with the log's end: make from the truth what is not kept yet."""
        ...

    def positions(self) -> dict[int, int] | None:
        """Where to go on; None: nothing is kept, start with what comes from now on."""
        ...

    async def apply(self, batch: Sequence[Logged]) -> None:
        """Take in events, in order per partition; at least once, so applying one again must change nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """Background work, run by whichever worker holds its lease, every `every_s` seconds or when woken.

    `run(handlers)` returns how many things it did; while that is above zero it is called again at once.

    A job must be safe when two workers run it at once. The lease only saves work: a worker that was suspended wakes up
    in the middle of a turn and does not know that another has its lease. So each job claims what it works on where
    that is kept: `orders.saga` moves the row's due time from the value it read, and its steps are idempotent beneath;
    `inventory.sweep` submits ends that are decided under the rows' locks; `notifications.send` claims mails row by row
    and sends none whose claim grew old, and `notifications.restocked` skips a SKU that another turn has locked;
    `cart.expire` deletes by the day it read; `events.parked` locks each letter as it takes it in; `catalog.companions`
    and `catalog.plans` skip rows that another turn has locked; `payments.origins` says what is so, however often; and the others (`bus.prune`, `orders.purge`,
    `identity.sweep`, `notifications.forget`) delete by age.
    """

    name: str
    every_s: float
    run: Callable[[Any], Awaitable[int]]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service, ready to be plugged in. `connections` is its share of the process's twenty.

    `gathers_s` is for how many seconds events may gather before its reactions take them in together: for what nobody
    waits for, such as figures. A busy shop then pays for a batch, not for each order.
    `personal` says how it hands out and erases what it keeps of people (kernel/personal.py).
    `gauges` are read from its tables at a scrape (kernel/gauges.py). `outcomes` says by operation how a reply is counted where
    "done" says too little: a word of a small set.
    """

    name: str
    api: type[Any]
    build: Callable[[Any], Any]
    package: str
    needs: tuple[type[Any], ...] = ()
    routes: Sequence[Any] = ()
    reactions: Sequence[Reaction] = ()
    gathers_s: float = 0.0
    feeds: Sequence[Callable[[Any], Feed]] = ()
    jobs: Sequence[Job] = ()
    events: Sequence[type[Event]] = ()
    collections: Sequence[Collection[Any]] = ()
    permissions: Sequence[str] = ()
    connections: int = 2
    stored: bool = True
    personal: PersonalData | None = None
    audits: Sequence[Callable[[Any], Awaitable[Any]]] = field(default=())
    gauges: Sequence[Gauge] = ()
    outcomes: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
