"""Fixtures that every test may use: a throw-away PostgreSQL per session, and asyncio for async tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import settings

from rialto.engines.embedded_postgres import throwaway_postgres
from rialto.kernel.db import DatabaseAddress, parse_database_url
from tests.support.certificates import make_certificates
from tests.support.parts import a_shop_in_parts
from tests.support.rabbit import Node, nodes
from tests.support.shop import in_parts

# `RIALTO_TEST_TOPOLOGY=groups` (or `all`): the whole shops of service tests are cut into parts that call each other as
# processes do. What a test needs of one process in particular stays one.
if topology := os.environ.get("RIALTO_TEST_TOPOLOGY"):
    in_parts.append(partial(a_shop_in_parts, topology=topology))

# How long an example takes says something about the machine, not about the shop.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres() -> Iterator[DatabaseAddress]:
    """The administrator's address of a fast server in a temporary folder."""
    with throwaway_postgres() as address:
        yield parse_database_url(address.url)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A RabbitMQ server of this session, with TLS as well. Who ends it starts it again."""
    certificates = tmp_path_factory.mktemp("certificates")
    make_certificates(certificates)
    with nodes(certificates=certificates) as [node]:
        yield node
