"""Whose attempts to sign in are counted together, through the whole application: the client's, not its proxy's."""

from __future__ import annotations

import httpx
import pytest

from rialto.identity.service import CLIENT_BURST
from rialto.kernel.db import DatabaseAddress
from tests.support.shop import Shop, a_shop

pytestmark = pytest.mark.anyio

PROXY = "10.0.0.1"
STRANGER = "203.0.113.9"


async def attempts(shop: Shop, peer: str, forwarded: list[str]) -> list[int]:
    """One attempt for each address in X-Forwarded-For, at accounts that differ; the statuses."""
    transport = httpx.ASGITransport(app=shop.app.web(), client=(peer, 40000))
    async with httpx.AsyncClient(transport=transport, base_url=shop.app.settings.public_url) as web:
        return [
            (
                await web.post(
                    "/v1/auth/login",
                    json={"email": f"nobody{number}@rialto.test", "password": "wrong"},
                    headers={"X-Forwarded-For": address},
                )
            ).status_code
            for number, address in enumerate(forwarded)
        ]


async def test_behind_a_trusted_proxy_each_client_is_counted_for_itself(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False, trusted_proxies=("10.0.0.0/8",)) as shop:
        crowd = [f"198.51.100.{number}" for number in range(CLIENT_BURST + 1)]
        assert await attempts(shop, PROXY, crowd) == [401] * len(crowd)
        one = ["198.51.100.200"] * (CLIENT_BURST + 1)
        assert await attempts(shop, PROXY, one) == [401] * CLIENT_BURST + [429]


async def test_a_stranger_gains_nothing_by_naming_other_clients(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, background=False, trusted_proxies=("10.0.0.0/8",)) as shop:
        crowd = [f"198.51.100.{number}" for number in range(CLIENT_BURST + 1)]
        assert await attempts(shop, STRANGER, crowd) == [401] * CLIENT_BURST + [429]
