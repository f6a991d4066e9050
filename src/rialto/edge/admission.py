"""Not more at once than this process can do: the rest waits for a moment, and then is told to come back.

**How many.** One thread answers requests, so when it has too much to do everything on its loop is late. Each request that is
let in yields once before it runs and so measures by how much. The number of requests under way rises by a step while
some have to wait and the loop is in time, and falls by a tenth while it is late: additive increase, multiplicative
decrease (Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989), on time spent queueing
and not on how long answers take, which says as much of a slow payment provider as of this process (Zhou et al., "Overload
Control for Scaling WeChat Microservices", SoCC 2018).

**Who.** Less important requests may use a part of the places only, so the more important find some free.

**How long.** A queue that empties now and then takes up a burst; one that never does is only delay. So whoever comes while it was
not empty for a while waits for a few milliseconds only (Maurer, "Fail at Scale", ACM Queue 13(8), 2015, after CoDel, RFC 8289).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from rialto.edge.cached import App, Message, Receive, Scope, Send
from rialto.edge.classes import class_of
from rialto.edge.hardened import FOR_PROGRAMS, answer_problem
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Overloaded
from rialto.kernel.ids import Ids
from rialto.kernel.importance import Importance, importance_now
from rialto.kernel.saturation import LineState
from rialto.kernel.telemetry import Metrics

LATE_S = 0.05  # a loop that is later than this, on the mean of a WINDOW_S, has too much to do
WINDOW_S = 0.1
FIRST, FEWEST, MOST = 48.0, 8.0, 256.0
STEP = 2.0
SHRINK = 0.9
# Which part of the places each may fill, and for how long it may wait: while the queue empties now and then, and otherwise.
SHARE = (0.5, 0.75, 0.9, 1.0)
PATIENCE_S = (0.0, 0.25, 0.25, 0.5)
IMPATIENCE_S = (0.0, 0.02, 0.05, 0.5)
STANDING_S = 0.25  # a queue not empty for so long is a standing one
WAITING_MAX = 64  # of each importance
SWEEP_S = 0.02
COME_BACK_S = (10.0, 3.0, 2.0, 1.0)
# Set by the server (engines/http_server.py): whether whoever asked has gone.
HAS_LEFT = "rialto.has_left"

OVERLOADED = (
    b'{"type":"urn:rialto:problem:overloaded","title":"Unavailable","status":503,'
    b'"detail":"' + Overloaded.message.encode() + b'","code":"overloaded"}'
)


def _never() -> bool:
    return False


class _Waiting:
    """Someone in line. `turn` is set with the time at which it was let in."""

    __slots__ = ("has_left", "turn", "until")

    def __init__(self, until: float, has_left: Callable[[], bool]) -> None:
        self.turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.until = until
        self.has_left = has_left


class Admission:
    """The places of one process's port. `enter` and `leave` stand around each request."""

    def __init__(self, clock: Clock, ids: Ids, metrics: Metrics, *, port: str) -> None:
        self.limit = FIRST
        self.under_way = 0
        self._clock = clock
        self._ids = ids
        self._lines: tuple[deque[_Waiting], ...] = tuple(deque() for _ in Importance)
        self._empty_at = 0.0  # when nobody waited last
        self._sweeping: asyncio.Future[None] | None = None
        self._window_began = 0.0
        self._lateness = 0.0
        self._measured = 0
        self._wanted = False
        self._refused = [metrics.refused.labels(port, importance.label) for importance in Importance]
        self._places = metrics.places.labels(port)
        metrics.lines[f"requests {port}"] = self
        self._places.set(self.limit)

    async def enter(
        self,
        importance: Importance,
        *,
        has_left: Callable[[], bool] = _never,
        left_s: float | None = None,
    ) -> None:
        """Take a place, after a moment in line if need be. Raises Overloaded; whoever got in calls `leave` once.

        `has_left` is asked when a place is free; `left_s` is what is left of the caller's own time.
        """
        if self._has_place(importance) and not self._someone_waits(importance):
            self.under_way += 1
            since = self._clock.monotonic()
            try:
                # Those that came at the same moment are all counted before the first of them runs.
                await asyncio.sleep(0)
            except BaseException:
                self.leave()
                raise
        else:
            since = await self._wait(importance, has_left, left_s)
        self._learn(since)

    def leave(self) -> None:
        """Give the place back, and let in whoever is next."""
        self.under_way -= 1
        self._let_in()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines))

    @property
    def line(self) -> LineState:
        return LineState(waiting=self.waiting, limit=WAITING_MAX * len(self._lines))

    def _has_place(self, importance: Importance) -> bool:
        return self.under_way < max(1, int(self.limit * SHARE[importance]))

    def _someone_waits(self, importance: Importance) -> bool:
        return any(self._lines[importance:])

    async def _wait(
        self, importance: Importance, has_left: Callable[[], bool], left_s: float | None
    ) -> float:
        self._wanted = True
        now = self._clock.monotonic()
        if not any(self._lines):
            self._empty_at = now
        standing = now - self._empty_at > STANDING_S
        patience = (IMPATIENCE_S if standing else PATIENCE_S)[importance]
        if left_s is not None:
            patience = min(patience, left_s)
        line = self._lines[importance]
        if patience <= 0 or len(line) >= WAITING_MAX:
            raise self._refusal(importance)
        one = _Waiting(now + patience, has_left)
        line.append(one)
        if self._sweeping is None:
            self._sweeping = asyncio.ensure_future(self._sweep())
        try:
            return await one.turn
        except asyncio.CancelledError:
            if one.turn.done() and not one.turn.cancelled() and one.turn.exception() is None:
                self.leave()  # it was let in and did not come
            raise

    def _let_in(self) -> None:
        """Fill the free places, the most important first."""
        now = self._clock.monotonic()
        for importance in reversed(Importance):
            line = self._lines[importance]
            while line and self._has_place(importance):
                one = line.popleft()
                if one.turn.done():
                    continue
                if one.until < now or one.has_left():
                    one.turn.set_exception(self._refusal(importance))
                    continue
                self.under_way += 1
                one.turn.set_result(now)

    async def _sweep(self) -> None:
        """While anybody waits: tell those whose time is over."""
        try:
            while any(self._lines):
                await self._clock.sleep(SWEEP_S)
                now = self._clock.monotonic()
                for importance in Importance:
                    line = self._lines[importance]
                    for _ in range(len(line)):
                        one = line.popleft()
                        if one.turn.done():
                            continue
                        if one.until <= now:
                            one.turn.set_exception(self._refusal(importance))
                        else:
                            line.append(one)
        finally:
            self._sweeping = None

    def _refusal(self, importance: Importance) -> Overloaded:
        """Those who are sent away together are told different times, or they would come back together."""
        self._refused[importance].inc()
        return Overloaded(retry_after_s=COME_BACK_S[importance] * (1 + self._ids.random()))

    def _learn(self, since: float) -> None:
        now = self._clock.monotonic()
        self._lateness += now - since
        self._measured += 1
        if now - self._window_began < WINDOW_S:
            return
        if self._lateness > LATE_S * self._measured:
            self.limit = max(FEWEST, self.limit * SHRINK)
        elif self._wanted:
            self.limit = min(MOST, self.limit + STEP)
        self._places.set(self.limit)
        self._window_began, self._lateness, self._measured, self._wanted = now, 0.0, 0, False


class Admitted:
    """The ASGI application around the shop's: a place for each request.

    Raises Overloaded before anything was sent. The place is free again when the answer begins: how fast somebody reads
    it costs this process nothing.
    """

    def __init__(self, app: App, admission: Admission) -> None:
        self._app = app
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = class_of(scope)
        if found.importance is None:
            await self._app(scope, receive, send)
            return
        admission = self._admission
        await admission.enter(found.importance, has_left=scope.get(HAS_LEFT, _never))
        inside = True

        async def answering(message: Message) -> None:
            nonlocal inside
            if inside:
                inside = False
                admission.leave()
            await send(message)

        token = importance_now.set(found.importance)
        try:
            await self._app(scope, receive, answering)
        finally:
            importance_now.reset(token)
            if inside:
                admission.leave()


class Refusals:
    """What those are told who were not let in: made beforehand, because there is no time for it then."""

    def __init__(self, pages: Mapping[str, bytes], headers: Mapping[str, str]) -> None:
        """`pages` by language, the first for those who speak none of them; `headers` of each page."""
        self._pages = pages
        self._first = next(iter(pages))
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def answer(self, scope: Scope, send: Send, error: Overloaded) -> None:
        seconds = str(max(1, round(error.retry_after_s or 1))).encode()
        if scope["path"].startswith(FOR_PROGRAMS):
            await answer_problem(send, 503, OVERLOADED, ((b"retry-after", seconds),))
            return
        language = self._language(scope)
        body = self._pages[language]
        told: list[Any] = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"content-language", language.encode()),
            (b"cache-control", b"no-store"),
            (b"retry-after", seconds),
            *self._headers,
        ]
        await send({"type": "http.response.start", "status": 503, "headers": told})
        await send({"type": "http.response.body", "body": body})

    def _language(self, scope: Scope) -> str:
        """The address's, or the first that the browser names and we speak."""
        named = scope["path"][1:3]
        if named in self._pages and scope["path"][3:4] in {"", "/"}:
            return str(named)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        for part in headers.get(b"accept-language", b"")[:200].decode("latin-1").split(","):
            if (wished := part.strip()[:2].lower()) in self._pages:
                return wished
        return self._first
