from __future__ import annotations

import pytest

from tests.storefront.fixture_shop import FixtureShop, fixture_shop
from tests.storefront.shopping import Shopper


@pytest.fixture
def shop() -> FixtureShop:
    return fixture_shop()


@pytest.fixture
def shopper(shop: FixtureShop) -> Shopper:
    return Shopper(shop)
