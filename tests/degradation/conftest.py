from __future__ import annotations

import pytest


# A shop and the server it depends on are there for a whole file: its cells take turns.
@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"
