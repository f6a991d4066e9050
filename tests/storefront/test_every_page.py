"""What holds for every page: languages, headers, what may be cached, what may never stand on it."""

from __future__ import annotations

import re

import pytest

from rialto.storefront.assets import assets
from rialto.storefront.pages.info import INFO_PAGES
from rialto.storefront.pages.waiting import TOLD
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import ADDRESS, Page, Shopper, any_sku, product_with_options

pytestmark = pytest.mark.fast

SHARED = [
    "",
    "c/ceramics",
    "collections/favourites",
    "search",
    "search?q=zzzz",
    "p/{slug}",
    *(f"pages/{name}" for name in INFO_PAGES),
]
PRIVATE = [
    "recent?p=vase-arc,gone",
    "cart",
    "checkout/address",
    "checkout/delivery",
    "checkout/payment",
    "checkout/review",
]
# Scripts that come when somebody begins to search, or looks at a second product.
ON_USE = ("suggest-", "recent-")
# Of an account, what guests see; the rest is in test_account_pages.py.
ENTRANCES = [
    "account/sign-in?next=/en/cart",
    "account/register",
    "account/forgot",
    "account/reset?token=x",
    "account/verify?token=x",
    "account/take-back?token=x",
    "account/told/registered",
]
PAGE_BYTES_MAX = 100_000
SCRIPT_BYTES_MAX = 15_000


def pages(shop: FixtureShop, shopper: Shopper) -> list[tuple[str, int]]:
    """Every address a person meets, with a cart on the way through checkout, and the status it answers with."""
    sku = any_sku(shop)
    shopper.add(sku)
    shopper.post("checkout/address", ADDRESS)
    shopper.post("checkout/delivery", {"delivery": "standard"})
    shopper.post("checkout/payment", {"token": "tok_success", "label": "Visa •••• 4242"})
    other = Shopper(shop, shopper.language)
    thanks = other.check_out(sku).headers["location"].removeprefix(f"/{shopper.language}/")
    waiting = other.check_out(sku, "tok_slow").headers["location"].removeprefix(f"/{shopper.language}/")
    slug = product_with_options(shop).slug
    product_id = next(iter(shop.orders.orders.values())).lines[0].product_id
    review = f"{thanks.replace('/thanks', '/review')}&product={product_id}"
    paths = (
        [path.format(slug=slug) for path in SHARED]
        + PRIVATE
        + ENTRANCES
        + [thanks, thanks.replace("/thanks", ""), waiting]
        + [review, review.replace("/review", "/review/thanks")]
        + [f"reviews/{next(iter(shop.reviews.kept))}/report"]
        + [f"back-in-stock/for/{slug}?sku={product_with_options(shop).variants[0].sku}"]
        + [f"back-in-stock/{page}" for page in ("confirm?token=x", "end?token=x")]
        + [f"back-in-stock/told/{kind}" for kind in sorted(TOLD)]
    )
    return [(path, 200) for path in paths] + [("nothing/here/at/all", 404), ("c/nothing", 404)]


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_answers_in_its_language_with_all_headers(shop: FixtureShop, language: str) -> None:
    shopper = Shopper(shop, language)
    for path, status in pages(shop, shopper):
        answer = shopper.get(path)
        assert answer.status_code == status, path
        page = Page(answer.text)
        assert page.one("html").attributes["lang"] == language
        assert len(page.all("h1")) == 1, path
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "permissions-policy" in answer.headers
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_has_inline_script_style_or_card_field(shop: FixtureShop, language: str) -> None:
    shopper = Shopper(shop, language)
    for path, _ in pages(shop, shopper):
        page = Page(shopper.get(path).text)
        for element in page.elements:
            assert "style" not in element.attributes, path
            assert not [name for name in element.attributes if name.startswith("on")], path
            assert element.tag != "style", path
            data_block = element.attributes.get("type", "").startswith("application/")
            assert element.tag != "script" or "src" in element.attributes or data_block, path
            assert not element.attributes.get("autocomplete", "").startswith("cc-"), path
        names = {field.attributes.get("name", "") for field in page.all("input")}
        assert not names & {"number", "card", "card_number", "cvc", "cvv", "expiry"}, path


def test_no_page_loads_anything_from_elsewhere(shop: FixtureShop, shopper: Shopper) -> None:
    for path, _ in pages(shop, shopper):
        for element in Page(shopper.get(path).text).elements:
            loads = element.tag in {"img", "script", "iframe"} or element.attributes.get("rel") in {
                "stylesheet",
                "icon",
            }
            for name in ("src", "href") if loads else ():
                value = element.attributes.get(name, "/")
                assert value.startswith(("/assets/", "/media/")) or value == "/", (path, value)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_weighs_less_than_100_kb_with_style_and_script(shop: FixtureShop, language: str) -> None:
    shopper = Shopper(shop, language)
    for path, _ in pages(shop, shopper):
        body = shopper.get(path).content
        files = loaded(body)
        size = len(body) + sum(len(file) for file in files.values())
        assert size < PAGE_BYTES_MAX, f"{path}: {size} bytes"
        scripts = sum(len(file) for name, file in files.items() if name.endswith(".js"))
        assert 0 < scripts < SCRIPT_BYTES_MAX, f"{path}: {scripts} bytes of script"


def loaded(body: bytes) -> dict[str, bytes]:
    """The styles and scripts that a page names, and the scripts that those name."""
    found: dict[str, bytes] = {}
    waiting = re.findall(rb'(?:href|src)="/assets/([\w.-]+\.(?:css|js))"', body)
    while waiting:
        name = waiting.pop().decode()
        found[name] = assets().by_name[name].body
        waiting += re.findall(rb'from\s+"\./([\w.-]+\.js)"', found[name])
    return found


def test_scripts_on_use_weigh_less_than_6_kb() -> None:
    on_use = [asset for asset in assets().by_name.values() if asset.name.startswith(ON_USE)]
    assert len(on_use) == len(ON_USE)
    assert sum(len(asset.body) for asset in on_use) < 6_000


def test_shared_pages_are_the_same_for_everyone(shop: FixtureShop, shopper: Shopper) -> None:
    shopper.add(any_sku(shop))
    stranger = Shopper(shop)
    slug = product_with_options(shop).slug
    for path in SHARED:
        path = path.format(slug=slug)
        mine, theirs = shopper.get(path), stranger.get(path)
        assert mine.content == theirs.content, path
        assert "s-maxage=2" in mine.headers["cache-control"]
        assert "stale-if-error" in mine.headers["cache-control"]
        assert mine.headers["surrogate-key"]
        assert "set-cookie" not in mine.headers
        assert "Cookie" in mine.headers["vary"]


def test_private_pages_are_never_stored(shop: FixtureShop, shopper: Shopper) -> None:
    for path, _ in pages(shop, shopper)[len(SHARED) :]:
        assert shopper.get(path).headers["cache-control"] == "no-store", path
    assert shopper.get("cart/count.json").headers["cache-control"] == "no-store"


def test_surrogate_keys_name_what_a_page_shows(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    product_key = f"product:{shop.search.ids[draft.slug]}"
    assert product_key in shopper.get(f"p/{draft.slug}").headers["surrogate-key"].split()
    assert "category:ceramics" in shopper.get("c/ceramics").headers["surrogate-key"].split()
    keys = shopper.get("collections/favourites").headers["surrogate-key"].split()
    assert "collection:favourites" in keys
    assert "home" in shopper.get("").headers["surrogate-key"].split()


def test_every_field_has_a_label_and_every_picture_a_size(shop: FixtureShop, shopper: Shopper) -> None:
    for path, _ in pages(shop, shopper):
        page = Page(shopper.get(path).text)
        labelled = {label.attributes.get("for") for label in page.all("label")}
        for field in page.all("input") + page.all("select"):
            if field.attributes.get("type") != "hidden":
                assert field.attributes["id"] in labelled, (path, field)
        for image in page.all("img"):
            assert {"width", "height", "alt"} <= image.attributes.keys(), (path, image)
        ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
        assert len(ids) == len(set(ids)), (path, [name for name in ids if ids.count(name) > 1])


def test_cookies_are_marked_for_safety(shop: FixtureShop, shopper: Shopper) -> None:
    cookies = shopper.add(any_sku(shop)).headers.get_list("set-cookie")
    cart = next(cookie for cookie in cookies if cookie.startswith("cart="))
    assert "HttpOnly" in cart
    assert "SameSite=lax" in cart


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "", "origin": "null"}]
)
def test_forms_sent_from_other_sites_are_refused(
    shop: FixtureShop, shopper: Shopper, headers: dict[str, str]
) -> None:
    answer = shopper.post("cart/add", {"sku": any_sku(shop)}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
