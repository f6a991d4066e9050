from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from rialto.kernel.db import DatabaseAddress
from rialto.kernel.roles import BUILT_IN
from tests.admin import merchants_desk
from tests.admin.working import Browser, email_of
from tests.api.people import enrol, hire
from tests.api.serving import Served, served_shop
from tests.support.shop import Shop

CUSTOMER = "ada@example.org"


@pytest.fixture(scope="package")
def served(postgres: DatabaseAddress) -> Iterator[Served]:
    """One shop for all of these tests, with a member of staff for each role and a customer."""
    with served_shop(postgres) as served:
        served.run(_people)
        yield served


async def _people(shop: Shop) -> None:
    for role in BUILT_IN:
        await hire(shop, email_of(role), role)
    await enrol(shop, CUSTOMER)


@pytest.fixture
def browser(served: Served) -> Iterator[Browser]:
    """Nobody yet."""
    with Browser(served) as found:
        yield found


@pytest.fixture
def owner(browser: Browser) -> Browser:
    """The owner, signed in."""
    browser.sign_in(email_of("owner"))
    return browser


# A desk is there for a whole file.
@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def desk(postgres: DatabaseAddress) -> AsyncIterator[merchants_desk.Browser]:
    """A shop of the file's own, and its owner at the desk."""
    async with merchants_desk.back_office(postgres) as found:
        yield found
