"""Identities: UUIDv7 that carry their bucket, printed with a prefix.

RFC 9562 section 5.7: 48 bits of Unix milliseconds, version, 12 bits `rand_a`, variant, 62 random bits.
`rand_a` holds the bucket (0-1023), so that any id leads to its shard. Printed form: prefix, `_`, and the
128 bits in 26 letters of Crockford's base 32 (no i, l, o, u), lower case: `ord_06bq3…`.

Random bits and secrets come from an injected `Ids`, so that every run can be replayed.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from typing import Generic, NewType, Protocol, TypeVar
from uuid import UUID

from rialto.kernel.clock import Clock
from rialto.kernel.errors import NotFound

BUCKETS = 1024
PARTITIONS = 64

AccountId = NewType("AccountId", str)
StaffId = NewType("StaffId", str)
SessionId = NewType("SessionId", str)
ProductId = NewType("ProductId", str)
CartId = NewType("CartId", str)
LineId = NewType("LineId", str)
OrderId = NewType("OrderId", str)
PaymentId = NewType("PaymentId", str)
MailId = NewType("MailId", str)
ReviewId = NewType("ReviewId", str)
AddressId = NewType("AddressId", str)
LetterId = NewType("LetterId", str)
PasskeyId = NewType("PasskeyId", str)
StaffActionId = NewType("StaffActionId", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
# As digits of Python's own base 32: reading takes 5 µs instead of 9. Letters that are none of ours become none.
_DIGITS = str.maketrans(_ALPHABET + "ilou+-_ ", "0123456789abcdefghijklmnopqrstuv" + "!!!!!!!!")
_TEXT_LENGTH = 26

T = TypeVar("T", bound=str)


class Ids(Protocol):
    """The source of identity and secrets."""

    def uuid(self, bucket: int) -> UUID:
        """A fresh UUIDv7 whose `rand_a` is `bucket`."""
        ...

    def bucket(self) -> int:
        """A random bucket, for whatever starts without an owner."""
        ...

    def token(self, bits: int = 160) -> str:
        """An unguessable secret, base 32, at least `bits` of entropy."""
        ...

    def below(self, limit: int) -> int:
        """A random whole number in [0, limit)."""
        ...

    def random(self) -> float:
        """In [0, 1): for jitter, never for secrets."""
        ...


class RandomIds:
    """Ids from a clock and a source of random bits: the operating system's, or a seeded one in tests."""

    def __init__(self, clock: Clock, source: random.Random | None = None) -> None:
        self._clock = clock
        self._source = source or secrets.SystemRandom()

    def uuid(self, bucket: int) -> UUID:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        return _uuid7(milliseconds, bucket, self._source.getrandbits(62))

    def bucket(self) -> int:
        return self._source.randrange(BUCKETS)

    def token(self, bits: int = 160) -> str:
        length = -(-bits // 5)
        return _base32(self._source.getrandbits(length * 5), length)

    def below(self, limit: int) -> int:
        return self._source.randrange(limit)

    def random(self) -> float:
        return self._source.random()


class Kind(Generic[T]):
    """One kind of identity: how it is made, printed, parsed and stored."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        # What `parse` takes and a little more: that it is a UUIDv7 no pattern says.
        self.pattern = f"^{prefix}_[0-7][{_ALPHABET}]{{{_TEXT_LENGTH - 1}}}$"

    def new(self, ids: Ids, bucket: int) -> T:
        return self.of(ids.uuid(bucket))

    def of(self, value: UUID) -> T:
        """The printed form of a stored id."""
        return f"{self.prefix}_{_base32(value.int, _TEXT_LENGTH)}"  # type: ignore[return-value]

    def parse(self, text: str) -> T:
        """An id from outside. Raises NotFound when it cannot be one of this kind: a wrong id names nothing."""
        prefix, _, body = text.partition("_")
        if prefix != self.prefix or not _is_uuid7(body):
            raise NotFound(f"There is no such {self.prefix}.")
        return text  # type: ignore[return-value]


ACCOUNT: Kind[AccountId] = Kind("acc")
STAFF: Kind[StaffId] = Kind("stf")
SESSION: Kind[SessionId] = Kind("ses")
PRODUCT: Kind[ProductId] = Kind("prod")
CART: Kind[CartId] = Kind("cart")
LINE: Kind[LineId] = Kind("line")
ORDER: Kind[OrderId] = Kind("ord")
PAYMENT: Kind[PaymentId] = Kind("pay")
MAIL: Kind[MailId] = Kind("mail")
REVIEW: Kind[ReviewId] = Kind("rev")
ADDRESS: Kind[AddressId] = Kind("addr")
LETTER: Kind[LetterId] = Kind("let")
PASSKEY: Kind[PasskeyId] = Kind("pkey")
STAFF_ACTION: Kind[StaffActionId] = Kind("act")


def to_uuid(printed: str) -> UUID:
    """The stored form of a printed id that has been parsed or made here."""
    return UUID(int=int(printed.rpartition("_")[2].translate(_DIGITS), 32))


def bucket_of(printed: str) -> int:
    """The bucket an id carries, 0-1023."""
    return to_uuid(printed).int >> 64 & 0xFFF


def bucket_of_key(key: str) -> int:
    """The bucket of a natural key (an e-mail, a code, a SKU): a stable hash."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=2).digest(), "big") % BUCKETS


def derived_uuid(owner: UUID, *parts: str) -> UUID:
    """A UUID that is a function of its owner and a name, in the owner's bucket and with its time.

    Retried steps that must name the same thing twice use this instead of drawing anew.
    """
    digest = hashlib.blake2b("\x1f".join((owner.hex, *parts)).encode(), digest_size=8).digest()
    return _uuid7(owner.int >> 80, owner.int >> 64 & 0xFFF, int.from_bytes(digest, "big") >> 2)


def partition_of(bucket: int) -> int:
    """The relay's partition, 0-63."""
    return bucket % PARTITIONS


def _uuid7(milliseconds: int, bucket: int, low: int) -> UUID:
    if not 0 <= bucket < BUCKETS:
        raise ValueError(f"no such bucket: {bucket}")
    return UUID(int=milliseconds << 80 | 7 << 76 | bucket << 64 | 0b10 << 62 | low)


def _is_uuid7(body: str) -> bool:
    if len(body) != _TEXT_LENGTH or body[0] > "7" or any(letter not in _VALUES for letter in body):
        return False
    value = to_uuid(body).int
    return value >> 76 & 0xF == 7 and value >> 62 & 0b11 == 0b10 and value >> 64 & 0xFFF < BUCKETS


def _base32(value: int, length: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range((length - 1) * 5, -1, -5))
