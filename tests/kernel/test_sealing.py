from __future__ import annotations

import pytest

from rialto.kernel.sealing import SealBroken, Sealer
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

KEY, OTHER = "ab" * 32, "cd" * 32


def test_what_was_sealed_opens_for_its_owner() -> None:
    sealer = Sealer([KEY], seeded_ids())
    sealed = sealer.seal(b"secret", owner=b"anna")
    assert b"secret" not in sealed
    assert sealer.open(sealed, owner=b"anna") == b"secret"


def test_it_opens_neither_for_another_nor_with_another_key_nor_changed() -> None:
    sealer = Sealer([KEY], seeded_ids())
    sealed = sealer.seal(b"secret", owner=b"anna")
    for broken in (sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", sealed[:12]):
        with pytest.raises(SealBroken):
            sealer.open(broken, owner=b"anna")
    with pytest.raises(SealBroken):
        sealer.open(sealed, owner=b"bob")
    with pytest.raises(SealBroken):
        Sealer([OTHER], seeded_ids()).open(sealed, owner=b"anna")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    sealer = Sealer([KEY], seeded_ids())
    assert sealer.seal(b"secret", owner=b"anna") != sealer.seal(b"secret", owner=b"anna")
