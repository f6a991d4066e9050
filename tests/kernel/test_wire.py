"""Errors on the wire: the same error on the other side, or the nearest one that is known there."""

from __future__ import annotations

import msgspec
import pytest

from rialto.kernel.auth import AccessTokenRefused
from rialto.kernel.errors import (
    Conflict,
    Denied,
    FieldProblem,
    Invalid,
    OutcomeUnknown,
    RialtoError,
    Unavailable,
)
from rialto.kernel.wire import WireError, decode_error, encode_error

pytestmark = pytest.mark.fast


class CakeEaten(Conflict):
    code = "cake_eaten"
    message = "There is no cake any more."


def sent(error: RialtoError) -> RialtoError:
    return decode_error(encode_error(error))


def test_an_error_arrives_as_what_it_was() -> None:
    fields = (FieldProblem(path="lines.0", code="too_many", message="At most ten."),)
    error = sent(CakeEaten("Eaten by Anna.", fields=fields, retry_after_s=2.5, extra={"left": [1, 2]}))
    assert type(error) is CakeEaten
    assert (error.text, error.stable_code, error.fields) == ("Eaten by Anna.", "cake_eaten", fields)
    assert (error.retry_after_s, error.extra) == (2.5, {"left": [1, 2]})


def test_a_code_of_its_own_is_kept() -> None:
    error = sent(Invalid("No.", code="if_match_missing"))
    assert (type(error), error.stable_code) == (Invalid, "if_match_missing")


def test_an_error_of_a_class_with_arguments_of_its_own_arrives() -> None:
    error = sent(AccessTokenRefused())
    assert type(error) is AccessTokenRefused
    assert isinstance(error, Denied)
    assert error.signed_in is False
    assert sent(Denied("Not yours.")).__dict__["signed_in"] is True


def test_a_lost_outcome_stays_lost() -> None:
    assert type(sent(OutcomeUnknown())) is OutcomeUnknown


def test_of_an_unknown_class_the_nearest_known_one_is_made() -> None:
    told = msgspec.json.decode(encode_error(CakeEaten()), type=WireError)
    newer = msgspec.structs.replace(told, kinds=["rialto.bakery.api:CakeStolen", *told.kinds[1:]])
    error = decode_error(msgspec.json.encode(newer))
    assert (type(error), error.stable_code) == (Conflict, "cake_eaten")
    stranger = msgspec.structs.replace(told, kinds=["elsewhere:Thing"])
    assert type(decode_error(msgspec.json.encode(stranger))) is RialtoError


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"kinds": 3}', b"\xff"])
def test_what_is_no_error_of_ours_says_nothing_of_what_happened(body: bytes) -> None:
    assert type(decode_error(body)) is Unavailable
