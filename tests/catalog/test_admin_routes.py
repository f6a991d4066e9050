"""The staff's side of the catalogue on the web."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from PIL import Image

from rialto.catalog.api import PICTURE_BYTES_MAX
from rialto.catalog.routes import ROUTES
from rialto.kernel.auth import Principal
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import handle_http_error, handle_rialto_error, handle_validation
from tests.catalog.builders import a_draft, open_catalog

pytestmark = pytest.mark.anyio

GUEST = Principal(kind="guest")
VIEWER = Principal(kind="staff", permissions=frozenset({"*.read"}))
EDITOR = Principal(kind="staff", permissions=frozenset({"catalog.*"}))


@asynccontextmanager
async def a_shop(
    postgres: DatabaseAddress, principal: Principal = EDITOR, data: Path | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    async with open_catalog(postgres, data) as (catalog, _):
        app = Litestar(
            ROUTES,
            dependencies={"catalog": Provide(lambda: catalog, sync_to_thread=False)},
            exception_handlers={
                RialtoError: handle_rialto_error,
                ValidationException: handle_validation,
                HTTPException: handle_http_error,
            },
            openapi_config=None,
        )

        async def with_principal(scope: Any, receive: Any, send: Any) -> None:
            scope["rialto.principal"] = lambda: principal
            await app(scope, receive, send)

        # In the test's own loop, where the database's connections live.
        transport = httpx.ASGITransport(with_principal)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield client


def body(**fields: Any) -> Any:
    return msgspec.to_builtins(a_draft(**fields))


async def test_a_product_is_made_read_replaced_and_hidden(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as client:
        made = await client.post("/v1/admin/products", json=body())
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        again = await client.post("/v1/admin/products", json=body())
        assert (again.status_code, again.json()) == (200, made.json())
        address = f"/v1/admin/products/{made.json()['id']}"
        read = await client.get(address)
        assert (read.status_code, read.headers["etag"], read.json()) == (200, '"1"', made.json())
        changed = await client.put(address, json=body(title={"en": "New"}), headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        hidden = await client.post(f"{address}/unpublish", headers={"If-Match": '"2"'})
        assert (hidden.status_code, hidden.json()["draft"]["published"]) == (200, False)
        shown = await client.post(f"{address}/publish", headers={"If-Match": '"3"'})
        assert (shown.status_code, shown.headers["etag"]) == (200, '"4"')
        listed = await client.get("/v1/admin/products")
        assert listed.json() == {"items": [shown.json()], "next_cursor": None}


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 400, "if_match_missing"),
        ("*", 400, "if_match_missing"),
        ('"7"', 412, "version_conflict"),
        ('"0"', 412, "version_conflict"),
    ],
)
async def test_a_change_needs_the_present_etag(
    postgres: DatabaseAddress, header: str | None, status: int, code: str
) -> None:
    async with a_shop(postgres) as client:
        made = (await client.post("/v1/admin/products", json=body())).json()
        headers = {} if header is None else {"If-Match": header}
        address = f"/v1/admin/products/{made['id']}"
        for answer in (
            await client.put(address, json=body(title={"en": "New"}), headers=headers),
            await client.post(f"{address}/unpublish", headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await client.get(address)).json() == made


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"slug": "Not A Slug"}, 422, "validation_failed"),
        ({"category": "nowhere"}, 404, "not_found"),
        ({"variants": []}, 422, "validation_failed"),
        ({"variants": "many"}, 422, "validation_failed"),
        ({"title": {"en": "a\x00"}}, 422, "validation_failed"),
        ({"attributes": {"height": 1.5}}, 422, "validation_failed"),
        ({"created_on": "yesterday"}, 422, "validation_failed"),
    ],
)
async def test_a_faulty_product_is_a_problem_with_fields(
    postgres: DatabaseAddress, change: dict[str, Any], status: int, code: str
) -> None:
    async with a_shop(postgres) as client:
        answer = await client.post("/v1/admin/products", json={**body(), **change})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert (await client.get("/v1/admin/products")).json()["items"] == []


async def test_the_tree_and_the_definitions_are_staffs_to_change(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as client:
        category = await client.put("/v1/admin/categories/lamps", json={"title": {"en": "Lamps"}})
        assert category.json()["slug"] == "lamps"
        assert category.json() in (await client.get("/v1/admin/categories")).json()["items"]
        socket = {"label": {"en": "Socket"}, "values": {"e27": {"en": "E27"}}}
        attribute = await client.put("/v1/admin/attributes/socket", json=socket)
        assert attribute.json() in (await client.get("/v1/admin/attributes")).json()["items"]
        cycle = await client.put(
            "/v1/admin/categories/home", json={"title": {"en": "Home"}, "parent": "vases"}
        )
        assert (cycle.status_code, cycle.json()["errors"][0]["code"]) == (422, "category_cycle")


async def test_a_collection_is_made_read_replaced_and_removed(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as client:
        address = "/v1/admin/collections/new-things"
        wanted: dict[str, Any] = {"title": {"en": "New"}}
        assert (await client.put(address, json=wanted)).json()["code"] == "if_match_missing"
        refused = await client.put(address, json=wanted, headers={"If-Match": '"0"'})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "products")
        wanted |= {"rule": {"newer_than_days": 14, "prices": {"EUR": {"high": 5000}}}}
        made = await client.put(address, json=wanted, headers={"If-Match": '"0"'})
        assert (made.status_code, made.headers["etag"]) == (200, '"1"')
        read = await client.get(address)
        assert (read.headers["etag"], read.json()) == ('"1"', made.json())
        assert read.json()["rule"]["prices"] == {"EUR": {"low": None, "high": 5000}}
        assert (await client.get("/v1/admin/collections")).json() == {"items": [made.json()]}
        stale = await client.put(
            address, json={**wanted, "title": {"en": "Newest"}}, headers={"If-Match": '"0"'}
        )
        assert stale.status_code == 412
        assert (await client.delete(address)).status_code == 204
        assert (await client.get(address)).status_code == 404
        assert (await client.delete(address)).status_code == 404


async def test_only_staff_with_the_permission_may(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres, VIEWER) as client:
        assert (await client.get("/v1/admin/products")).status_code == 200
        assert (await client.post("/v1/admin/products", json=body())).status_code == 403
    async with a_shop(postgres, GUEST) as client:
        for path in ("products", "products/x", "categories", "attributes"):
            assert (await client.get(f"/v1/admin/{path}")).status_code == 401


async def test_what_is_not_there_is_not_found(postgres: DatabaseAddress) -> None:
    async with a_shop(postgres) as client:
        for ref in ("nothing", "prod_1", "%00", "%ED%A0%80", "A" * 500):
            answer = await client.get(f"/v1/admin/products/{ref}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        for query in ("limit=0", "limit=201", "limit=x", f"limit={10**30}"):
            assert (await client.get(f"/v1/admin/products?{query}")).status_code == 422
        assert (await client.get("/v1/admin/products?cursor=x")).status_code == 404


async def test_a_file_is_handed_in_and_named_by_a_product(postgres: DatabaseAddress, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (900, 600)).save(file, "PNG")
    async with a_shop(postgres, data=tmp_path) as client:
        address = "/v1/admin/pictures"
        kept = await client.post(address, content=file.getvalue(), headers={"Content-Type": "image/png"})
        assert (kept.status_code, kept.json()["widths"]) == (201, [400, 800, 900])
        again = await client.post(address, content=file.getvalue())
        assert again.json() == kept.json()
        made = await client.post("/v1/admin/products", json=body(images=[kept.json()]))
        assert made.json()["draft"]["images"] == [kept.json()]
        for content, status, code in (
            (b"", 422, "picture_not_valid"),
            (b"no picture", 422, "picture_not_valid"),
            (b"x" * (PICTURE_BYTES_MAX + 1), 413, "too_large"),
        ):
            answer = await client.post(address, content=content)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "10,000,000 bytes" in answer.json()["detail"]
    async with a_shop(postgres, VIEWER) as client:
        assert (await client.post(address, content=file.getvalue())).status_code == 403
