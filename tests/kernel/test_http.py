"""What the framework itself refuses or breaks on is told in our own words."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from litestar import Litestar, get
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from structlog.testing import capture_logs

from rialto.kernel.http import handle_http_error

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


@get("/broken/{status:int}")
async def broken(status: FromPath[int]) -> None:
    raise HTTPException(status_code=status, detail="of no concern to whoever asked")


async def told(status: int) -> httpx.Response:
    app: Any = Litestar([broken], exception_handlers={HTTPException: handle_http_error}, openapi_config=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client:
        return await client.get(f"/broken/{status}")


@pytest.mark.parametrize("status", [500, 503])
async def test_what_breaks_inside_the_framework_is_logged_as_a_bug_and_told_without_detail(
    status: int,
) -> None:
    with capture_logs() as logged:
        answer = await told(status)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "concern" not in answer.text
    assert [(line["event"], line["path"]) for line in logged] == [("a bug", f"/broken/{status}")]


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (413, "too_large"), (415, "unsupported_media_type"), (418, "http_418")],
)
async def test_what_it_refuses_has_a_code_of_ours(status: int, code: str) -> None:
    answer = await told(status)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
