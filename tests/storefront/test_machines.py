"""What machines read: schema.org objects, canonical addresses, translations, the sitemap, robots.txt."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from rialto.kernel.money import Currency, Money
from rialto.storefront.pages.info import INFO_PAGES
from tests.storefront.fixture_search import COLLECTION
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Page, Shopper, product_with_options

pytestmark = pytest.mark.fast

BASE = "http://127.0.0.1:8000"
LANGUAGES = ("en", "de")
AVAILABILITY = {"in_stock": "InStock", "few_left": "LimitedAvailability", "sold_out": "SoldOut"}
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def shared_paths(shop: FixtureShop) -> list[str]:
    slug = product_with_options(shop).slug
    return ["", "c/ceramics", "c/vases", f"p/{slug}", *(f"pages/{name}" for name in INFO_PAGES)]


def is_absolute(url: Any) -> bool:
    parts = urlsplit(str(url))
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and "//" not in parts.path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_product_is_a_valid_schema_org_product(shop: FixtureShop, language: str) -> None:
    shopper = Shopper(shop, language)
    for slug, draft in shop.search.drafts.items():
        product, crumbs = shopper.page(f"p/{slug}").json_ld()
        assert (product["@context"], product["@type"]) == ("https://schema.org", "Product"), slug
        assert product["name"] == draft.title[language]
        assert product["description"] == draft.description[language]
        assert product["sku"] == draft.variants[0].sku
        assert product["url"] == f"{BASE}/{language}/p/{slug}"
        assert product["image"], slug
        assert all(map(is_absolute, product["image"])), product["image"]
        assert len(product["offers"]) == len(draft.variants)
        for offer, variant in zip(product["offers"], draft.variants, strict=True):
            assert_offer(offer, variant.sku, variant.prices["EUR"], shop.search.stock.band(variant.sku))
        steps = crumbs["itemListElement"]
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))
        assert all(is_absolute(step["item"]) for step in steps[:-1])


def assert_offer(offer: dict[str, Any], sku: str, minor: int, band: str) -> None:
    assert offer["@type"] == "Offer"
    assert offer["sku"] == sku
    assert offer["price"] == Money(minor, Currency("EUR")).decimal()
    assert offer["priceCurrency"] == "EUR"
    assert offer["availability"] == f"https://schema.org/{AVAILABILITY[band]}"
    assert is_absolute(offer["url"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_canonical_addresses_are_clean_and_translations_point_back(shop: FixtureShop, language: str) -> None:
    for path in shared_paths(shop):
        page = Shopper(shop, language).page(f"{path}?utm_source=letter")
        assert page.one("link", rel="canonical").attributes["href"] == f"{BASE}/{language}/{path}"
        told = translations(page)
        assert told == {code: f"{BASE}/{code}/{path}" for code in LANGUAGES} | {
            "x-default": f"{BASE}/en/{path}"
        }
        for code in LANGUAGES:
            assert translations(Shopper(shop, code).page(path)) == told, path


def translations(page: Page) -> dict[str, str]:
    return {
        link.attributes["hreflang"]: link.attributes["href"] for link in page.all("link", rel="alternate")
    }


def test_a_page_that_is_not_for_searching_names_no_canonical_address(shopper: Shopper) -> None:
    for path, status in (("cart", 200), ("search?q=vase", 200), ("nothing/here", 404)):
        page = shopper.page(path, status)
        assert "noindex" in page.one("meta", name="robots").attributes["content"]
        assert not page.all("link", rel="canonical")


def test_the_sitemap_has_every_product_category_and_page_in_both_languages(
    shop: FixtureShop, shopper: Shopper
) -> None:
    tree = ET.fromstring(shopper.client.get("/sitemap.xml").content)
    listed = {
        url.findtext("s:loc", "", SITEMAP): {
            link.attrib["hreflang"]: link.attrib["href"] for link in url.iterfind("x:link", SITEMAP)
        }
        for url in tree.iterfind("s:url", SITEMAP)
    }
    paths = ["", *(f"pages/{name}" for name in INFO_PAGES)]
    paths += [f"c/{category.slug}" for category in shop.search.tree]
    paths += [f"p/{slug}" for slug in shop.search.drafts]
    paths.append(f"collections/{COLLECTION}")
    assert listed == {
        f"{BASE}/{language}/{path}": {code: f"{BASE}/{code}/{path}" for code in LANGUAGES}
        for path in paths
        for language in LANGUAGES
    }


def test_what_the_sitemap_lists_is_there_and_canonical(shop: FixtureShop, shopper: Shopper) -> None:
    tree = ET.fromstring(shopper.client.get("/sitemap.xml").content)
    for place in list(tree.iterfind("s:url/s:loc", SITEMAP))[::17]:
        answer = shopper.client.get(str(place.text).removeprefix(BASE))
        assert answer.status_code == 200, place.text
        assert Page(answer.text).one("link", rel="canonical").attributes["href"] == place.text


def test_robots_keeps_out_of_what_belongs_to_one_visitor_and_names_the_sitemap(shopper: Shopper) -> None:
    answer = shopper.client.get("/robots.txt")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    assert lines[0] == "User-agent: *"
    assert f"Sitemap: {BASE}/sitemap.xml" in lines
    kept_out = {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow: ")}
    assert kept_out == {
        f"/{language}/{path}"
        for language in LANGUAGES
        for path in ("account", "cart", "checkout/", "orders/", "reviews/")
    }
