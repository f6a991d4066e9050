"""The ceremonies of WebAuthn, by py_webauthn: what a browser is asked with, and whether its answer is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import options_to_json_dict, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from rialto.identity.api import PasskeyRefused

TRANSPORTS_MAX = 10

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NewPasskey:
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What an answer says of itself, not verified yet: whose, by which passkey, to which question."""

    user_handle: bytes
    credential_id: bytes
    challenge: str


class Ceremonies:
    """For the shop at this address: its host is the passkeys' domain, its origin the only one that may ask.

    `host` is what is kept with a passkey: empty for the shop's own address, the host name for that of another shop front.
    """

    def __init__(self, public_url: str, *, host: str = "") -> None:
        parts = urlsplit(public_url)
        self.host = host
        self._rp_id = parts.hostname or "localhost"
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def at(self, origin: str) -> Ceremonies:
        """Those of the shop front at this origin, which the caller has found to be one of ours; empty: the shop's own."""
        if origin in {"", self._origin}:
            return self
        return Ceremonies(origin, host=urlsplit(origin).hostname or "")

    def registration_options(
        self, challenge: str, *, user_handle: bytes, user_name: str, known: Sequence[bytes]
    ) -> dict[str, Any]:
        """A passkey that can be found without a name, of a device that verifies its user."""
        return options_to_json_dict(
            webauthn.generate_registration_options(
                rp_id=self._rp_id,
                rp_name=self._rp_id,
                user_id=user_handle,
                user_name=user_name,
                challenge=challenge.encode(),
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
            )
        )

    def sign_in_options(self, challenge: str) -> dict[str, Any]:
        return options_to_json_dict(
            webauthn.generate_authentication_options(
                rp_id=self._rp_id,
                challenge=challenge.encode(),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def question_of(self, credential: dict[str, Any]) -> str:
        """The challenge that a registration says it answers. Raises PasskeyRefused."""
        return _or_refuse(lambda: _challenge(_registration(credential).response.client_data_json))

    def verified_registration(self, credential: dict[str, Any], challenge: str) -> NewPasskey:
        """Raises PasskeyRefused."""

        def verify() -> NewPasskey:
            parsed = _registration(credential)
            found = webauthn.verify_registration_response(
                credential=parsed,
                expected_challenge=challenge.encode(),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
            transports = [str(one.value) for one in parsed.response.transports or []]
            return NewPasskey(
                credential_id=found.credential_id,
                public_key=found.credential_public_key,
                sign_count=found.sign_count,
                transports=transports[:TRANSPORTS_MAX],
            )

        return _or_refuse(verify)

    def claim_of(self, credential: dict[str, Any]) -> Claim:
        """Raises PasskeyRefused."""

        def read() -> Claim:
            parsed = _assertion(credential)
            return Claim(
                user_handle=parsed.response.user_handle or b"",
                credential_id=parsed.raw_id,
                challenge=_challenge(parsed.response.client_data_json),
            )

        return _or_refuse(read)

    def verified_count(
        self, credential: dict[str, Any], challenge: str, *, public_key: bytes, sign_count: int
    ) -> int:
        """The passkey's new count. Raises PasskeyRefused, also when it did not grow."""
        return _or_refuse(
            lambda: (
                webauthn.verify_authentication_response(
                    credential=_assertion(credential),
                    expected_challenge=challenge.encode(),
                    expected_rp_id=self._rp_id,
                    expected_origin=self._origin,
                    credential_public_key=public_key,
                    credential_current_sign_count=sign_count,
                    require_user_verification=True,
                ).new_sign_count
            )
        )


def _registration(credential: dict[str, Any]) -> Any:
    return webauthn.helpers.parse_registration_credential_json(credential)


def _assertion(credential: dict[str, Any]) -> Any:
    return webauthn.helpers.parse_authentication_credential_json(credential)


def _challenge(client_data: bytes) -> str:
    return parse_client_data_json(client_data).challenge.decode("ascii")


def _or_refuse(read: Callable[[], T]) -> T:
    """Any bytes may come from outside: the library names what it expects, the rest falls through its parsers."""
    try:
        return read()
    except (
        WebAuthnException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
        RecursionError,
    ) as error:
        raise PasskeyRefused from error
