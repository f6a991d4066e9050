from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from rialto.edge.vocabulary import NOTES, WORDS
from tests.edge.described import document

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

Json = dict[str, Any]
PROBLEM = "application/problem+json"


def operations(told: Json) -> Iterator[tuple[str, Json]]:
    for path, item in told["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def is_limited(schema: Json) -> bool:
    if "enum" in schema or schema["type"] in {"boolean", "object"}:
        return True
    if schema["type"] == "array":
        return "maxItems" in schema and is_limited(schema["items"])
    return bool({"pattern", "maxLength", "maximum"} & set(schema))


def contents(operation: Json) -> Iterator[tuple[str, Json]]:
    for place in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from place.get("content", {}).items()


async def test_every_operation_says_what_it_is() -> None:
    told = await document()
    found = dict(operations(told))
    assert len(found) >= 48
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["description"] not in {"", operation["summary"]}, name
        assert operation["tags"], name
        assert set(operation["tags"]) <= {tag["name"] for tag in told["tags"]}, name
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z][a-z_]+", one) for one in ids)


async def test_every_noun_has_operations() -> None:
    told = await document()
    used = {tag for _, operation in operations(told) for tag in operation["tags"]}
    assert used == {tag["name"] for tag in told["tags"]}


OWN = (
    "/v1/account",
    "/v1/auth/email/resend",
    "/v1/auth/totp/enrol",
    "/v1/auth/totp/confirm",
    "/v1/auth/totp/disable",
    "/v1/auth/totp/recovery-codes",
    "/v1/auth/passkeys/register",
    "/v1/auth/passkeys/{passkey_id}",
)
OWN_OPERATIONS = {"GET /v1/orders", "POST /v1/carts/merge"}


async def test_staffs_and_customers_own_routes_ask_for_a_token_and_no_others_do() -> None:
    for name, operation in operations(await document()):
        is_guarded = (
            "/v1/admin/" in name
            or name.partition(" ")[2].startswith(OWN)
            or name.endswith(" /v1/auth/passkeys")
            or name in OWN_OPERATIONS
        )
        assert ("security" in operation) is is_guarded, name
        assert ({"401", "403"} <= set(operation["responses"])) or not is_guarded, name


async def test_whatever_is_refused_is_a_problem_with_an_example_for_each_code() -> None:
    for name, operation in operations(await document()):
        for status, response in operation["responses"].items():
            if status < "300":
                continue
            assert list(response["content"]) == [PROBLEM], (name, status)
            examples = response["content"][PROBLEM]["examples"]
            assert examples, (name, status)
            for code, example in examples.items():
                assert (example["value"]["code"], example["value"]["status"]) == (code, int(status))
        assert {"429", "503"} <= set(operation["responses"]), name
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(operation["responses"]), name


async def test_every_process_describes_the_operations_in_the_same_order() -> None:
    order = ["get", "post", "put", "patch", "delete"]
    for path, item in (await document())["paths"].items():
        assert list(item) == sorted(item, key=order.index), path


async def test_every_example_fits_its_schema() -> None:
    told = await document()
    checks: dict[
        str, Any
    ] = {}  # by schema: most are said more than once, and each is compiled with all components
    for name, operation in operations(told):
        for media_type, content in contents(operation):
            schema = json.dumps(content["schema"], sort_keys=True)
            if schema not in checks:
                whole = {"components": told["components"], **content["schema"]}
                checks[schema] = jsonschema_rs.validator_for(whole)
            check = checks[schema]
            for example in content["examples"].values():
                faults = [fault.message for fault in check.iter_errors(example["value"])]
                assert not faults, (name, media_type)
        for parameter in operation.get("parameters", []):
            if "example" in parameter:
                assert jsonschema_rs.is_valid(parameter["schema"], parameter["example"]), (name, parameter)


async def test_every_schema_is_a_schema() -> None:
    for name, schema in (await document())["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema["title"] == name


async def test_every_parameter_is_explained_and_limited_and_every_body_has_an_example() -> None:
    told = await document()
    for name, operation in operations(told):
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (name, parameter["name"])
            assert is_limited(parameter["schema"]), (name, parameter["name"])
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            assert content["examples"], name


async def test_what_is_noted_beside_types_is_about_fields_that_exist() -> None:
    schemas = (await document())["components"]["schemas"]
    for place in NOTES:
        name, _, field = place.partition(".")
        assert name in schemas, place
        assert not field or field in schemas[name]["properties"], place


async def test_a_body_that_may_be_left_out_is_described_as_an_object() -> None:
    created = dict(operations(await document()))["POST /v1/carts"]["requestBody"]
    assert created["required"] is False
    assert created["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewCartBody"}


async def test_a_picture_is_described_as_a_file_or_a_url_and_never_both() -> None:
    components = (await document())["components"]
    check = jsonschema_rs.validator_for({"components": components, "$ref": "#/components/schemas/Picture"})
    one, other = {"file": "mug.webp"}, {"url": "https://shop.example/mug.webp", "file": None}
    assert check.is_valid(one)
    assert check.is_valid(other)
    assert not check.is_valid({**one, "url": other["url"]})
    assert not check.is_valid({})


@pytest.mark.parametrize(
    ("text", "fits"), [("Mug", True), ("Größe 2", True), (" ", False), ("a\x00b", False), ("a\nb", False)]
)
async def test_texts_are_described_as_they_are_taken(text: str, fits: bool) -> None:
    titles = (await document())["components"]["schemas"]["CategoryInput"]["properties"]["title"]
    assert jsonschema_rs.is_valid(titles, {"en": text}) is fits


async def test_every_word_is_a_parameter_of_some_operation() -> None:
    told = await document()
    used = {one["name"] for _, operation in operations(told) for one in operation.get("parameters", [])}
    assert set(WORDS) <= used


async def test_what_conditions_a_change_is_named_as_a_header() -> None:
    found = dict(operations(await document()))
    for name in ("POST /v1/checkout", "POST /v1/admin/orders/{order_id}/refunds"):
        assert _required_headers(found[name]) == {"Idempotency-Key"}
    changed = found["PUT /v1/admin/products/{product_id}"]
    assert _required_headers(changed) == {"If-Match"}
    assert {"404", "409", "412"} <= set(changed["responses"])
    assert "ETag" in changed["responses"]["200"]["headers"]


def _required_headers(operation: Json) -> set[str]:
    return {one["name"] for one in operation["parameters"] if one["in"] == "header" and one["required"]}


async def test_checkout_tells_every_way_it_can_end() -> None:
    responses = dict(operations(await document()))["POST /v1/checkout"]["responses"]
    assert {"201", "202", "400", "401", "402", "404", "409", "413", "415", "422", "429", "503"} == set(
        responses
    )
    codes = {
        code for one in responses.values() for code in one["content"].get(PROBLEM, {}).get("examples", {})
    }
    assert codes >= {
        "out_of_stock",
        "price_changed",
        "payment_declined",
        "idempotency_key_reused",
        "request_in_progress",
        "cart_empty",
        "delivery_missing",
        "card_number_refused",
        "rate_limited",
        "validation_failed",
        "not_found",
        "unavailable",
    }
