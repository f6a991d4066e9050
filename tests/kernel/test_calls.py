from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec
import pytest

from rialto.kernel.calls import bind
from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import Conflict, OutcomeUnknown, Unavailable
from rialto.kernel.service import Frozen, Operation, operation
from rialto.kernel.wire import operations_of

pytestmark = [pytest.mark.fast, pytest.mark.anyio]


class Shout(Frozen):
    words: list[str]
    times: int = 1


class Shouted(Frozen):
    text: str


class Voices(Protocol):
    """An interface with one operation of each kind."""

    @operation(idempotent=True)
    async def shout(self, command: Shout) -> Shouted: ...

    @operation(idempotent=False, timeout_s=0.0)
    async def wait(self, command: Shout) -> Shouted: ...

    @operation(idempotent=True, timeout_s=0.0)
    async def look(self, command: Shout) -> Shouted: ...

    async def private(self, command: Shout) -> Shouted: ...


class Choir:
    def __init__(self) -> None:
        self.heard: list[Shout] = []

    async def shout(self, command: Shout) -> Shouted:
        self.heard.append(command)
        if not command.words:
            raise Conflict("Nothing to shout.")
        return Shouted(text=" ".join(command.words * command.times))

    async def wait(self, command: Shout) -> Shouted:
        await asyncio.Event().wait()
        raise AssertionError(command)

    look = wait


class Liar(Choir):
    async def shout(self, command: Shout) -> Shouted:
        return command  # type: ignore[return-value]


def caller(implementation: object, *, strict: bool = True) -> Voices:
    return bind(Voices, implementation, clock=ManualClock(), strict=strict)


def test_only_marked_methods_are_operations() -> None:
    assert operations_of(Voices) == {
        "shout": Operation(idempotent=True, timeout_s=5.0),
        "wait": Operation(idempotent=False, timeout_s=0.0),
        "look": Operation(idempotent=True, timeout_s=0.0),
    }
    assert not hasattr(caller(Choir()), "private")


@pytest.mark.parametrize("strict", [True, False])
async def test_a_call_answers_and_passes_refusals_on(strict: bool) -> None:
    voices = caller(Choir(), strict=strict)
    assert await voices.shout(Shout(words=["hey"], times=2)) == Shouted(text="hey hey")
    with pytest.raises(Conflict):
        await voices.shout(Shout(words=[]))


async def test_a_strict_call_shares_nothing_with_its_caller() -> None:
    choir, command = Choir(), Shout(words=["hey"])
    await caller(choir).shout(command)
    await caller(choir, strict=False).shout(command)
    assert choir.heard[0] == command
    assert choir.heard[0] is not command
    assert choir.heard[1] is command


async def test_a_strict_call_refuses_what_could_not_travel() -> None:
    with pytest.raises(msgspec.ValidationError):
        await caller(Choir()).shout(Shout(words=[1]))  # type: ignore[list-item]
    with pytest.raises(msgspec.ValidationError):
        await caller(Liar()).shout(Shout(words=[]))


async def test_an_idempotent_call_past_its_time_is_unavailable() -> None:
    with pytest.raises(Unavailable) as ended:
        await caller(Choir()).look(Shout(words=[]))
    assert type(ended.value) is Unavailable


async def test_the_outcome_of_any_other_is_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        await caller(Choir()).wait(Shout(words=[]))


def test_a_missing_method_is_found_when_binding() -> None:
    class Mute:
        async def shout(self, command: Shout) -> Shouted:
            raise NotImplementedError

    with pytest.raises(TypeError, match="Mute has no look, which Voices promises"):
        caller(Mute())


@pytest.mark.parametrize("strict", [True, False])
async def test_whoever_counts_is_told_of_each_call_and_how_it_ended(strict: bool) -> None:
    told: list[tuple[str, object]] = []
    voices = bind(
        Voices,
        Choir(),
        clock=ManualClock(),
        strict=strict,
        tally=lambda operation, outcome: told.append((operation, outcome)),
    )
    reply = await voices.shout(Shout(words=["ho"]))
    with pytest.raises(Conflict) as refused:
        await voices.shout(Shout(words=[]))
    with pytest.raises(OutcomeUnknown) as unknown:
        await voices.wait(Shout(words=[]))
    assert told == [("shout", reply), ("shout", refused.value), ("wait", unknown.value)]
