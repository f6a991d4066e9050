from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from rialto.sandbox.signatures import SignatureRefused, sign, verify

pytestmark = pytest.mark.fast
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BODY = b'{"id":"evt_1"}'


def test_what_was_signed_is_verified_and_answers_its_id() -> None:
    assert verify(SECRET, sign(SECRET, "evt_1", NOW, BODY), BODY, NOW) == "evt_1"


def test_the_published_example_of_standard_webhooks_verifies() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the reference vector of its libraries.
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    assert verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", headers, body, at)


def test_header_names_are_compared_without_case_and_one_of_several_signatures_is_enough() -> None:
    headers = {name.title(): value for name, value in sign(SECRET, "evt_1", NOW, BODY).items()}
    headers["Webhook-Signature"] = "v1,bm9wZQ== v2,x " + headers["Webhook-Signature"]
    assert verify(SECRET, headers, BODY, NOW) == "evt_1"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    headers = sign(SECRET, "evt_1", NOW, BODY)
    del headers[name]
    with pytest.raises(SignatureRefused):
        verify(SECRET, headers, BODY, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-timestamp": "²"},
        {"webhook-signature": "v1,ü"},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        verify(SECRET, sign(SECRET, "evt_1", NOW, BODY) | change, BODY, NOW)


def test_a_changed_body_or_another_secret_is_refused() -> None:
    headers = sign(SECRET, "evt_1", NOW, BODY)
    for secret, body in ((SECRET, BODY + b" "), ("another", BODY)):
        with pytest.raises(SignatureRefused):
            verify(secret, headers, body, NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_message_outside_the_tolerance_is_refused(seconds: int) -> None:
    headers = sign(SECRET, "evt_1", NOW, BODY)
    with pytest.raises(SignatureRefused):
        verify(SECRET, headers, BODY, NOW + timedelta(seconds=seconds))
    assert verify(SECRET, headers, BODY, NOW + timedelta(seconds=seconds), tolerance_s=400)
