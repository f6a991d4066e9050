from __future__ import annotations

from collections.abc import Iterator

import pytest
from schemathesis.generation.hypothesis.builder import ApiOperationMark

from rialto.kernel.db import DatabaseAddress
from tests.api.serving import Served, served_shop


@pytest.fixture(scope="module")
def served(postgres: DatabaseAddress) -> Iterator[Served]:
    """A shop of this file's own, asked over HTTP."""
    with served_shop(postgres) as shop:
        yield shop


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Names each of Schemathesis' tests by its operation.

    It has them all under one name (4.32 with pytest 9.2), of which pytest-xdist runs one and drops the others.
    """
    operation = ApiOperationMark.get(metafunc.function)
    if operation is not None:
        metafunc.parametrize("operation", [operation.label])
