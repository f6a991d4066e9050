from __future__ import annotations

import asyncio
import re

import pytest

from rialto.sandbox.texts import ENGLISH, GERMAN, known_language
from tests.sandbox.builders import BACK, SHOP
from tests.sandbox.client import Client, a_client

pytestmark = pytest.mark.fast
CARD = {"number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123", "name": "Ada <b>"}


async def a_session(client: Client, language: str = "en") -> str:
    body = {"amount": 1999, "currency": "EUR", "return_url": BACK, "cancel_url": f"{SHOP}/cart"}
    reply = await client.call("POST", "/v1/sessions", body | {"language": language})
    assert reply.status == 201
    path = f"/pay/{reply.json['id']}"
    assert reply.json["url"].endswith(path)
    return path


async def a_challenge(client: Client, key: str = "k") -> tuple[str, str]:
    intent = (await client.authorise("tok_3ds", key=key)).json
    assert intent["next_action"]["type"] == "redirect"
    return intent["id"], intent["next_action"]["url"].removeprefix("http://sandbox.test")


def test_the_hosted_page_goes_back_to_the_shop_with_a_token() -> None:
    async def test() -> None:
        async with a_client() as client:
            path = await a_session(client)
            page = await client.call("GET", path)
            assert page.status == 200
            assert "€19.99" in page.text
            assert f'href="{SHOP}/cart"' in page.text
            assert "<script" not in page.text
            reply = await client.submit(path, **CARD)
            assert reply.status == 303
            assert reply.headers["location"].startswith(f"{BACK}&token=tok_")
            again = await client.submit(path, **CARD)
            assert again.headers["location"] == reply.headers["location"]

    asyncio.run(test())


def test_a_wrong_card_comes_back_with_messages_and_without_number_or_code() -> None:
    async def test() -> None:
        async with a_client() as client:
            path = await a_session(client, "de")
            reply = await client.submit(path, **CARD | {"number": "4242424242424241", "cvc": "987"})
            assert reply.status == 422
            assert "Diese Kartennummer ist nicht gültig." in reply.text
            assert '<html lang="de"' in reply.text
            assert "4242424242424241" not in reply.text
            assert "987" not in reply.text
            assert "Ada &lt;b&gt;" in reply.text

    asyncio.run(test())


@pytest.mark.parametrize(
    ("decision", "state"),
    [("accept", "authorised"), ("refuse", "declined"), ("leave", "requires_action"), ("", "requires_action")],
)
def test_every_button_of_the_challenge_leads_back_to_the_shop(decision: str, state: str) -> None:
    async def test() -> None:
        async with a_client() as client:
            intent_id, path = await a_challenge(client)
            page = await client.call("GET", path, headers={"accept-language": "de-AT,de;q=0.9"})
            assert "Zahlung bestätigen" in page.text
            assert "<script" not in page.text
            reply = await client.submit(path, decision=decision)
            assert (reply.status, reply.headers["location"]) == (303, BACK)
            assert (await client.call("GET", f"/v1/payment_intents/{intent_id}")).json["state"] == state

    asyncio.run(test())


def test_an_answered_challenge_offers_only_the_way_back() -> None:
    async def test() -> None:
        async with a_client() as client:
            intent_id, path = await a_challenge(client)
            await client.submit(path, decision="accept")
            page = await client.call("GET", path)
            assert (page.status, "<form" in page.text) == (200, False)
            assert (await client.submit(path, decision="refuse")).status == 303
            assert (await client.call("GET", f"/v1/payment_intents/{intent_id}")).json[
                "state"
            ] == "authorised"

    asyncio.run(test())


def test_the_frame_may_be_shown_by_the_shop_only_and_the_pages_by_nobody() -> None:
    async def test() -> None:
        async with a_client() as client:
            _, challenge = await a_challenge(client)
            for path, ancestors in (
                ("/frame", SHOP),
                (challenge, "'none'"),
                (await a_session(client), "'none'"),
            ):
                policy = (await client.call("GET", path)).headers["content-security-policy"]
                assert f"frame-ancestors {ancestors}" in policy
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy

    asyncio.run(test())


def test_the_frame_answers_to_the_shop_whatever_origin_it_is_asked_for() -> None:
    async def test() -> None:
        async with a_client() as client:
            for query in ("", "?origin=http://evil.test", f"?origin={SHOP}"):
                page = await client.call("GET", f"/frame{query}")
                assert f'data-parent="{SHOP}"' in page.text

    asyncio.run(test())


def test_language_and_theme_are_chosen_by_the_address() -> None:
    async def test() -> None:
        async with a_client() as client:
            page = await client.call("GET", "/frame?language=de&theme=dark")
            assert '<html lang="de" data-theme="dark">' in page.text
            assert "Kartennummer" in page.text
            odd = await client.call("GET", "/frame?language=xx&theme=%22onload")
            assert '<html lang="en" data-theme="auto">' in odd.text

    asyncio.run(test())


def test_every_field_has_a_label_an_autocomplete_and_a_place_for_its_error() -> None:
    async def test() -> None:
        async with a_client() as client:
            page = (await client.call("GET", "/frame")).text
            for name, autocomplete in (
                ("number", "cc-number"),
                ("expiry", "cc-exp"),
                ("cvc", "cc-csc"),
                ("name", "cc-name"),
            ):
                assert f'<label for="{name}">' in page
                assert f'id="{name}-error"' in page
                assert f'autocomplete="{autocomplete}"' in page

    asyncio.run(test())


def test_pages_load_nothing_from_elsewhere_and_their_assets_are_immutable() -> None:
    async def test() -> None:
        async with a_client() as client:
            page = (await client.call("GET", "/frame")).text
            assets = re.findall(r'(?:src|href)="([^"#]+)"', page)
            assert len(assets) == 3
            for asset in assets:
                reply = await client.call("GET", asset)
                assert "immutable" in reply.headers["cache-control"]
                assert "http" not in reply.text.replace("http://www.w3.org/2000/svg", "")

    asyncio.run(test())


def test_unknown_and_expired_pages_say_so() -> None:
    async def test() -> None:
        async with a_client() as client:
            assert (await client.call("GET", "/challenge/ch_none")).status == 404
            assert (await client.submit("/pay/ses_none", **CARD)).status == 404
            path = await a_session(client)
            client.shop.clock.advance(3600)
            page = await client.call("GET", path)
            assert (page.status, "This page has expired" in page.text) == (410, True)

    asyncio.run(test())


def test_a_card_number_is_never_stored() -> None:
    async def test() -> None:
        async with a_client() as client:
            await client.submit(await a_session(client), **CARD)
            await client.submit(await a_session(client), **CARD | {"cvc": "", "number": "4000000000000002"})
            await client.authorise(token="tok_declined")
            dump = "\n".join(client.shop.books.connection.iterdump())
            assert "4242" in dump
            for number in ("4242424242424242", "4242 4242 4242 4242", "4000000000000002", "12/34", "Ada"):
                assert number not in dump

    asyncio.run(test())


def test_both_languages_say_everything() -> None:
    assert ENGLISH.keys() == GERMAN.keys()
    assert all(ENGLISH.values())
    assert all(GERMAN.values())


def test_the_first_known_language_of_a_list_is_taken() -> None:
    assert known_language("fr-FR, de;q=0.8, en;q=0.5") == "de"
    assert known_language("") == known_language("fr") == "en"
