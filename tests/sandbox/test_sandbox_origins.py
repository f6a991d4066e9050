from __future__ import annotations

from pathlib import Path

import pytest

from rialto.sandbox.api import OpenSession
from rialto.sandbox.errors import Refused
from rialto.sandbox.origins import check_shop_url, parse_origin, with_parameters
from tests.sandbox.builders import SHOP, Shop, euros

pytestmark = pytest.mark.fast
ORIGINS = ("http://127.0.0.1:8000", "https://shop.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/checkout?order=1#top",
        "https://shop.example",
        "https://SHOP.example/",
        "https://shop.example:443/x",
        "https://shop.example?next=http://evil.test",
    ],
)
def test_an_address_of_the_shop_is_accepted(url: str) -> None:
    assert check_shop_url(url, ORIGINS) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/checkout",
        "//evil.test",
        "http://127.0.0.1:8001/",
        "http://shop.example/",
        "https://shop.example.evil.test/",
        "https://shop.example@evil.test/",
        "https://evil.test\\@shop.example/",
        "https://shop.example\\.evil.test/",
        "https://shop.exa\tmple/",
        "https://shop.example/\r\nset-cookie: a=b",
        " https://shop.example/",
        "javascript:alert(1)//https://shop.example",
        "https:shop.example/",
        "https:///shop.example/",
        "https://shop.example:8443/",
        "https://shop.example%2eevil.test/",
        "https://shop.example/" + "x" * 2000,
        "https://shöp.example/",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="return_url_refused"):
        check_shop_url(url, ORIGINS)


def test_an_origin_is_normalised_as_browsers_do() -> None:
    assert parse_origin("HTTPS://Shop.Example:443/") == "https://shop.example"
    assert parse_origin("http://localhost:8000") == "http://localhost:8000"


@pytest.mark.parametrize("text", ["", "shop.example", "ftp://x", "http://x/path", "http://a b"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        parse_origin(text)


def test_parameters_are_added_behind_those_there_are() -> None:
    assert with_parameters("http://a/b?c=1#d", token="t&u") == "http://a/b?c=1&token=t%26u#d"
    assert with_parameters("http://a/b", token="t") == "http://a/b?token=t"


def test_the_shop_says_where_else_it_is_and_it_is_kept(tmp_path: Path) -> None:
    books = str(tmp_path / "books.sqlite")
    shop = Shop(books)
    trade = "https://trade.example"
    with pytest.raises(Refused):
        shop.sandbox.open_session(a_session(f"{trade}/back"))
    assert shop.sandbox.put_shop_origins(["HTTPS://Trade.example/", trade]) == (SHOP, trade)
    assert shop.sandbox.open_session(a_session(f"{trade}/back")).id
    for wrong in (["trade.example"], [trade, "javascript:alert(1)"], [f"https://h{n}" for n in range(1001)]):
        with pytest.raises(Refused) as refused:
            shop.sandbox.put_shop_origins(wrong)
        assert refused.value.code == "origin_not_valid"
        assert shop.sandbox.shop_origins == (SHOP, trade), "nothing is changed"
    shop.books.close()
    again = Shop(books)
    assert again.sandbox.shop_origins == (SHOP, trade)
    assert again.sandbox.put_shop_origins([]) == (SHOP,)
    with pytest.raises(Refused):
        again.sandbox.open_session(a_session(f"{trade}/back"))
    again.books.close()


def a_session(return_url: str) -> OpenSession:
    return OpenSession(amount=euros(1000), return_url=return_url, cancel_url=f"{SHOP}/cart", language="en")
