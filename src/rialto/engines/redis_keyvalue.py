"""Keys and values at a server that speaks the Redis protocol (Valkey, Redis 6 or newer), one for all processes.

One connection per process, which all callers share: questions go out as they come, answers come back in their order. A call
waits for LIMIT_S at most, its connection being opened included; opening itself may take longer, so that a far server is
reached in the end. After FAILURES_MIN failures nobody waits for REST_S, then one call tries.

Names at the server begin with `rialto:` and a mark of the shop, so that two shops may share a server. Buckets are named after
clients' addresses; the server sees a keyed hash of those.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import structlog
from redis.asyncio import Connection, SSLConnection
from redis.exceptions import (
    AuthenticationError,
    NoScriptError,
    RedisError,
    ResponseError,
)

from rialto.engines.redis_line import Line
from rialto.kernel.clock import Clock
from rialto.kernel.errors import Unavailable
from rialto.kernel.extensions import Surroundings
from rialto.kernel.keyvalue import (
    KeyValueAddress,
    check_bucket,
    check_time,
    check_value,
    parse_cache_url,
)
from rialto.kernel.resilience import Breaker
from rialto.kernel.settings_reader import SettingWrong
from rialto.kernel.telemetry import Metrics

LIMIT_S = 0.05
OPENED_WITHIN_S = 3.0
FAILURES_MIN = 3
REST_S = 2.0
# A question unanswered for so long: the other end may be gone without a word.
STUCK_S = 1.0

_ADD = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return count
"""

# By the server's clock. A bucket that would be full again is as good as none, so it ends then.
_BUCKET = """
local per_s, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'as_of')
local tokens, as_of = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - as_of) * per_s)
local wait = 0
if ARGV[4] == 'charge' then
    tokens = math.max(-burst, tokens - cost)
    wait = math.max(0, (1 - tokens) / per_s)
else
    local wanted = math.min(cost, burst)
    if wanted - tokens > 0.000001 then
        wait = (wanted - tokens) / per_s
    else
        tokens = math.max(0, tokens - wanted)
    end
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'as_of', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / per_s * 1000) + 1)
return string.format('%.6f', wait)
"""

log = structlog.get_logger("rialto.keyvalue")

Kind = Literal["value", "count", "bucket"]
KINDS: tuple[Kind, ...] = ("value", "count", "bucket")


class RedisKeyValues:
    """The engine behind RIALTO_CACHE_URL."""

    shared = True

    def __init__(
        self,
        address: KeyValueAddress,
        *,
        secret: str,
        clock: Clock,
        metrics: Metrics,
        limit_s: float = LIMIT_S,
    ) -> None:
        """`secret` is the shop's own: shops with another one see nothing of this one's entries."""
        self._address = address
        self._key = secret.encode()[:64]
        self._shop = hashlib.blake2b(b"shop", key=self._key, digest_size=6).hexdigest().encode()
        self._clock = clock
        self._metrics = metrics
        self._limit_s = limit_s
        self._tls = _trust(address) if address.tls else None
        self._breaker = Breaker(clock, failures_min=FAILURES_MIN, rest_s=REST_S)
        metrics.guards.add("key-values", breaker=self._breaker)
        self._line: Line | None = None
        self._opening: asyncio.Future[Line | RedisError | OSError] | None = None
        self._resting = False

    async def check(self) -> None:
        found = await self._open_once()
        if not isinstance(found, Line):
            raise _sentence(self._address, found)
        try:
            async with asyncio.timeout(OPENED_WITHIN_S):
                await found.ask("PING")
                await found.ask("EVAL", "return redis.call('TIME')[1]", 1, self._name("value", "check"))
        except (TimeoutError, RedisError, Unavailable) as error:
            raise _sentence(self._address, error) from error

    async def get(self, key: str) -> bytes | None:
        found: bytes | None = await self._ask("GET", self._name("value", key))
        self._metrics.key_values.labels("miss" if found is None else "hit").inc()
        return found

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        if not keys:
            return {}
        values = await self._ask("MGET", *(self._name("value", key) for key in keys))
        found = {key: value for key, value in zip(keys, values, strict=True) if value is not None}
        self._metrics.key_values.labels("hit").inc(len(found))
        self._metrics.key_values.labels("miss").inc(len(keys) - len(found))
        return found

    async def put(self, key: str, value: bytes, *, ttl_s: float, only_if_absent: bool = False) -> bool:
        check_value(value, ttl_s)
        condition = ("NX",) if only_if_absent else ()
        done = await self._ask("SET", self._name("value", key), value, "PX", _ms(ttl_s), *condition)
        return done is not None

    async def drop(self, keys: Iterable[str]) -> None:
        names = [self._name(kind, key) for key in keys for kind in KINDS]
        if names:
            await self._ask("DEL", *names)

    async def add(self, key: str, by: int, *, ttl_s: float) -> int:
        check_time(ttl_s)
        count: int = await self._run(_ADD, self._name("count", key), by, _ms(ttl_s))
        return count

    async def take(self, key: str, *, per_s: float, burst: float, cost: float = 1.0) -> float:
        check_bucket(per_s, burst, cost)
        return float(await self._run(_BUCKET, self._name("bucket", key), per_s, burst, cost, "take"))

    async def charge(self, key: str, *, per_s: float, burst: float, cost: float) -> float:
        check_bucket(per_s, burst, cost)
        return float(await self._run(_BUCKET, self._name("bucket", key), per_s, burst, cost, "charge"))

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._line is not None:
            await self._line.close()

    def _name(self, kind: Kind, key: str) -> bytes:
        name = key.encode("utf-8", "surrogatepass")
        if kind == "bucket":
            name = hashlib.blake2b(name, key=self._key, digest_size=16).hexdigest().encode()
        return b"rialto:%s:%s:%s" % (self._shop, kind.encode(), name)

    async def _run(self, script: str, name: bytes, *arguments: Any) -> Any:
        """Run a script that the server knows from earlier; one that was started anew does not."""
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        return await self._ask(
            "EVALSHA", digest, 1, name, *arguments, unknown=("EVAL", script, 1, name, *arguments)
        )

    async def _ask(self, *question: Any, unknown: tuple[Any, ...] = ()) -> Any:
        """The answer. `unknown` is asked instead when the server does not know the script. Raises Unavailable."""
        asked = False
        try:
            async with self._breaker.guard():
                asked = True
                return await self._answer(question, unknown)
        except Unavailable:
            self._metrics.key_values.labels("failed" if asked else "resting").inc()
            raise
        finally:
            self._tell_state()

    async def _answer(self, question: tuple[Any, ...], unknown: tuple[Any, ...]) -> Any:
        line = self._line
        try:
            async with asyncio.timeout(self._limit_s):
                line = await self._connected()
                try:
                    return await line.ask(*question)
                except NoScriptError:
                    return await line.ask(*unknown)
        except TimeoutError:
            if line is not None and line.unanswered_s() > STUCK_S:
                line.end()
            raise Unavailable("The key-value server takes too long.") from None
        except ResponseError as refusal:
            log.warning("the key-value server refuses", said=str(refusal))
            raise Unavailable("The key-value server refuses.") from refusal

    async def _connected(self) -> Line:
        if self._line is not None and self._line.is_open:
            return self._line
        found = await self._open_once()
        if not isinstance(found, Line):
            raise Unavailable("The key-value server is away.") from found
        return found

    async def _open_once(self) -> Line | RedisError | OSError:
        """Opened by one task for all who want it; who cannot wait that long leaves it to those who come later."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> Line | RedisError | OSError:
        wire = self._wire()
        try:
            async with asyncio.timeout(OPENED_WITHIN_S):
                await wire.connect()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            await wire.disconnect(nowait=True)
            return error
        else:
            self._line = Line(wire, self._clock)
            return self._line
        finally:
            self._opening = None

    def _wire(self) -> Connection:
        address = self._address
        options: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "db": address.database,
            "username": address.user,
            "password": address.password,
            "protocol": 2,
            "socket_timeout": None,
            "socket_connect_timeout": OPENED_WITHIN_S,
            "socket_keepalive": True,
            "driver_info": None,
        }
        if self._tls is None:
            return Connection(**options)
        wire = SSLConnection(**options)
        wire.ssl_context.context = self._tls
        return wire

    def _tell_state(self) -> None:
        resting = self._breaker.state != "closed"
        if resting != self._resting:
            self._resting = resting
            self._metrics.key_values_resting.set(int(resting))
            where = self._address.place
            if resting:
                log.warning("the key-value server does not answer; going on without it", server=where)
            else:
                log.info("the key-value server answers again", server=where)


def make(around: Surroundings) -> RedisKeyValues:
    """As `Surroundings` asks: the server in RIALTO_CACHE_URL. Opens nothing."""
    settings = around.settings
    return RedisKeyValues(
        parse_cache_url(settings.cache_url or "", settings.cache_ca),
        secret=around.secrets.derive("keyvalue:redis"),
        clock=around.clock,
        metrics=around.metrics,
    )


def _ms(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))


def _trust(address: KeyValueAddress) -> ssl.SSLContext:
    """With an authority named, that one alone: the library would trust the system's beside it. Raises SettingWrong."""
    try:
        return ssl.create_default_context(cafile=address.ca)
    except OSError as error:
        raise SettingWrong(
            f"RIALTO_CACHE_CA is {address.ca}, and that cannot be read as certificates ({error.strerror or error})."
        ) from error


def _sentence(address: KeyValueAddress, error: BaseException) -> SettingWrong | Unavailable:
    """What to say at a start: SettingWrong for what will not get better by waiting."""
    where = address.place
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SettingWrong(
                f"RIALTO_CACHE_URL: the certificate of {where} is not trusted ({cause.verify_message}); "
                "RIALTO_CACHE_CA names the file of the authority it comes from."
            )
        if isinstance(cause, ssl.SSLError) and cause.reason is not None:
            return SettingWrong(f"RIALTO_CACHE_URL: there is no TLS with {where} ({cause.reason}).")
        if isinstance(cause, AuthenticationError):
            return SettingWrong(f"RIALTO_CACHE_URL: the server at {where} does not let us in: {cause}")
        if isinstance(cause, ResponseError):
            return SettingWrong(f"RIALTO_CACHE_URL: the server at {where} refuses: {cause}")
        cause = cause.__cause__ or cause.__context__
    return Unavailable(f"The key-value server at {where} does not answer.")
