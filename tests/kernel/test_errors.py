from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import msgspec
import pytest

import rialto
from rialto.kernel import errors
from rialto.kernel.errors import (
    ROOTS,
    Conflict,
    Declined,
    Denied,
    FieldProblem,
    Invalid,
    InvariantBroken,
    NotFound,
    OutcomeUnknown,
    RialtoError,
    TooMany,
    Unavailable,
    VersionConflict,
    field_problem,
)
from rialto.kernel.http import BAD_REQUEST_CODES, STATUS, TITLES, problem_response, status_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (Invalid(), 422, "validation_failed"),
        (Invalid(code="malformed"), 400, "malformed"),
        (Conflict(), 409, "conflict"),
        (VersionConflict(), 412, "version_conflict"),
        (Denied(), 403, "denied"),
        (Denied(signed_in=False), 401, "denied"),
        (TooMany(), 429, "rate_limited"),
        (Declined(), 402, "payment_declined"),
        (Unavailable(), 503, "unavailable"),
        (OutcomeUnknown(), 503, "outcome_unknown"),
        (RialtoError(), 500, "error"),
    ],
)
def test_each_root_has_its_status_and_code(error: RialtoError, status: int, code: str) -> None:
    assert status_of(error) == status
    assert error.stable_code == code
    assert status in TITLES


@pytest.mark.parametrize("code", sorted(BAD_REQUEST_CODES))
def test_what_is_wrong_with_the_request_as_such_is_a_bad_request(code: str) -> None:
    assert status_of(Invalid(code=code)) == 400


def test_every_root_of_the_tree_is_in_the_status_table() -> None:
    for root in ROOTS:
        assert any(issubclass(root, known) for known in STATUS)
    direct = {
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, RialtoError) and value.__base__ is RialtoError
    }
    assert direct <= set(ROOTS)


def test_only_what_may_pass_is_called_retryable() -> None:
    assert {root for root in ROOTS if root.retryable} == {TooMany, Unavailable, OutcomeUnknown}


def test_a_broken_invariant_is_no_refusal() -> None:
    assert not issubclass(InvariantBroken, RialtoError)


def test_an_error_carries_its_text_code_fields_and_more() -> None:
    error = Conflict("Taken.", code="name_taken", retry_after_s=3, extra={"name": "a"})
    assert (str(error), error.text, error.stable_code) == ("Taken.", "Taken.", "name_taken")
    assert (error.retry_after_s, error.extra, error.fields) == (3, {"name": "a"}, ())
    assert repr(error) == "Conflict(name_taken: Taken.)"


def test_a_field_problem_names_its_path() -> None:
    error = field_problem("lines.0.quantity", "too_large", "At most 99.")
    assert error.fields == (FieldProblem(path="lines.0.quantity", code="too_large", message="At most 99."),)
    assert error.stable_code == "validation_failed"


def test_a_problem_is_told_after_the_standard() -> None:
    response = problem_response(409, "conflict", "Taken.", extra={"status": 1, "order_id": "ord_1"})
    body = msgspec.json.decode(response.content)
    assert body == {
        "type": "urn:rialto:problem:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "Taken.",
        "code": "conflict",
        "order_id": "ord_1",
    }
    assert response.media_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"


def all_errors() -> list[type[RialtoError]]:
    for module in pkgutil.walk_packages(rialto.__path__, "rialto."):
        if module.name.endswith((".api", ".errors", ".db", ".migrations", ".settings", ".secrets")):
            importlib.import_module(module.name)
    found: list[type[Any]] = [RialtoError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return found


def test_every_error_of_the_shop_has_a_code_for_programs() -> None:
    for kind in all_errors():
        assert kind.code.isidentifier(), kind
        assert kind.code == kind.code.lower(), kind
