"""Home, lists, products: what is found, how it is told to people and to machines."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from msgspec import structs

from rialto.catalog.api import Content, Maker, Picture
from rialto.demo import MEDIA
from rialto.search.api import Facet, FacetValue
from rialto.storefront.facets import shown_facets
from rialto.storefront.visit import preferred_language
from tests.storefront.fixture_shop import FixtureShop
from tests.storefront.shopping import Page, Shopper, product_with_options

pytestmark = pytest.mark.fast


def test_the_root_leads_to_the_visitors_language(shop: FixtureShop, shopper: Shopper) -> None:
    def led(**headers: str) -> str:
        return str(shopper.client.get("/", headers=headers, follow_redirects=False).headers["location"])

    assert led(**{"accept-language": "de-AT,de;q=0.9,en;q=0.5"}) == "/de/"
    assert led(**{"accept-language": "fr,en;q=0.3,de;q=0.7"}) == "/de/"
    assert led(**{"accept-language": "fr"}) == "/en/"
    assert led(**{"accept-language": "en", "cookie": "language=de"}) == "/de/"
    assert led(**{"accept-language": "de;q=nonsense, ;;;"}) == "/en/"
    assert preferred_language is not None


def test_a_category_shows_its_products_and_its_filters(shopper: Shopper) -> None:
    page = shopper.page("c/ceramics")
    assert page.one("h1").text == "Ceramics"
    assert len([link for link in page.all("a") if link.attributes.get("href", "").startswith("/en/p/")]) >= 10
    assert page.all("input", name="colour")
    assert page.all("input", name="in_stock")
    assert page.one("input", name="price_min").attributes["placeholder"]
    assert page.one("form", id="filters").attributes["action"] == "/en/c/ceramics"
    assert page.all("a", data_language="de")[0].attributes["href"] == "/de/c/ceramics"


def test_a_collection_is_listed_like_a_category_under_its_own_address(shopper: Shopper) -> None:
    page = shopper.page("collections/favourites")
    assert page.one("h1").text == "Our favourites"
    assert page.all("meta", name="description")[0].attributes["content"] == "Our favourites."
    assert page.one("form", id="filters").attributes["action"] == "/en/collections/favourites"
    assert page.all("a", data_language="de")[0].attributes["href"] == "/de/collections/favourites"
    shown = {link.attributes["href"] for link in page.all("a") if "/en/p/" in link.attributes.get("href", "")}
    assert 0 < len(shown) < 25
    assert page.one("nav", class_="breadcrumb").text.split()[-2:] == ["Our", "favourites"]
    assert shopper.get("collections/gone").status_code == 404
    assert shopper.get("collections/favourites?page=0&price_min=-1").status_code == 200


def test_a_category_that_holds_nothing_is_not_shown(shop: FixtureShop, shopper: Shopper) -> None:
    assert 'href="/en/c/ceramics"' in shopper.get("").text
    inside = [
        slug for slug, draft in shop.search.drafts.items() if draft.category in shop.search.below("ceramics")
    ]
    for slug in inside:
        del shop.search.drafts[slug]
    assert 'href="/en/c/ceramics"' not in shopper.get("").text
    assert "/en/c/" in shopper.get("").text


def test_chosen_filters_are_shown_with_a_way_back(shopper: Shopper) -> None:
    page = shopper.page("c/ceramics?colour=sand&colour=moss&price_max=60&sort=price&page=1")
    chips = {
        " ".join(a.text.split()): a.attributes["href"]
        for a in page.all("a", class_="chip")
        if "filter" in a.text
    }
    assert chips["Remove filter Sand"] == "/en/c/ceramics?colour=moss&price_max=60&sort=price"
    assert chips["Remove filter up to €60.00"] == "/en/c/ceramics?colour=moss&colour=sand&sort=price"
    chosen = [
        box.attributes["value"] for box in page.all("input", name="colour") if "checked" in box.attributes
    ]
    assert sorted(chosen) == ["moss", "sand"]


def test_long_filters_are_cut_and_what_is_chosen_stays() -> None:
    def value(number: int, *, chosen: bool = False) -> FacetValue:
        return FacetValue(value=f"v{number}", label=f"V{number}", count=50 - number, chosen=chosen)

    long = Facet(code="colour", label="Colour", values=[value(n, chosen=n == 30) for n in range(31)])
    useless = Facet(
        code="handmade",
        label="Handmade",
        values=[FacetValue(value="yes", label="Yes", count=60, chosen=False)],
    )
    many = [Facet(code=f"a{n}", label="A", values=[value(1), value(2)]) for n in range(9)]
    shown = shown_facets([long, useless, *many], 60, "")
    assert [facet.code for facet in shown.items] == ["colour", *(f"a{n}" for n in range(6))]
    assert [each.value for each in shown.items[0].values][-1] == "v30"
    assert (len(shown.items[0].values), shown.items[0].hidden, shown.hidden) == (10, 21, 3)
    sized = Facet(code="height", label="Height", unit="cm", values=[value(1), value(2)])
    assert [facet.code for facet in shown_facets([sized, long], 60, "").items] == ["colour", "height"]
    assert len(shown_facets([long], 60, "colour").items[0].values) == 31
    assert shown_facets([long, useless, *many], 60, "filters").hidden == 0


def test_more_values_are_one_link_away(shopper: Shopper) -> None:
    few, link = shopper.page("search"), "/en/search?more=colour"
    assert link in {a.attributes.get("href") for a in few.all("a")}
    assert len(shopper.page("search?more=colour").all("input", name="colour")) > len(
        few.all("input", name="colour")
    )


def test_foreign_parameters_do_not_filter(shopper: Shopper) -> None:
    assert shopper.page("c/ceramics?utm_source=letter&gclid=x").one(
        "p", role="status", class_="listing__count"
    ).text == (shopper.page("c/ceramics").one("p", role="status", class_="listing__count").text)


@pytest.mark.parametrize(
    "query", ["sort=sideways", "page=0", "page=99999999999", "price_min=-5", "price_min=90&price_max=10"]
)
def test_strange_parameters_still_show_a_page(shopper: Shopper, query: str) -> None:
    assert shopper.get(f"c/ceramics?{query}").status_code == 200


def test_a_price_nobody_can_read_is_told(shopper: Shopper) -> None:
    assert "write prices as numbers" in shopper.get("c/ceramics?price_min=cheap").text


def test_pages_of_a_list_are_linked_to_each_other(shopper: Shopper) -> None:
    page = shopper.page("search?page=2")
    assert page.one("a", rel="prev").attributes["href"] == "/en/search"
    assert page.one("a", rel="next").attributes["href"] == "/en/search?page=3"
    assert [link.text.split()[-1] for link in page.all("a", aria_current="page")] == ["2"]


def test_an_empty_search_helps(shopper: Shopper) -> None:
    page = shopper.page("search?q=zzzz")
    links = {link.attributes["href"] for link in page.all("a", class_="chip")}
    assert "/en/search?q=lamp" in links
    assert "/en/c/ceramics" in links


def test_too_many_filters_can_be_removed(shopper: Shopper) -> None:
    page = shopper.page("c/ceramics?colour=lemon")
    assert "/en/c/ceramics" in {link.attributes["href"] for link in page.all("a", class_="button")}


def test_typed_text_comes_back_as_text(shopper: Shopper) -> None:
    answer = shopper.get("search", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text
    assert Page(answer.text).one("input", id="q").attributes["value"].startswith('"><script>')


def test_a_variant_is_chosen_by_options_or_sku_without_a_script(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    for variant in draft.variants:
        query = "&".join(f"{code}={value}" for code, value in variant.options.items())
        by_options, by_sku = (
            shopper.page(f"p/{draft.slug}?{query}"),
            shopper.page(f"p/{draft.slug}?sku={variant.sku}"),
        )
        for page in (by_options, by_sku):
            assert page.one("input", name="sku", data_sku="").attributes["value"] == variant.sku
            current = {
                (a.attributes["data-option"], a.attributes["data-value"])
                for a in page.all("a", aria_current="true")
                if "data-option" in a.attributes
            }
            assert current == set(variant.options.items())


def test_a_product_has_one_address(shop: FixtureShop, shopper: Shopper) -> None:
    slug = product_with_options(shop).slug
    answer = shopper.get(f"p/{shop.search.ids[slug]}?sku=X")
    assert answer.headers["location"] == f"/en/p/{slug}?sku=X"
    for path in ("/en", "/en/"):
        page = Page(shopper.client.get(path).text)
        assert page.one("link", rel="canonical").attributes["href"] == "http://127.0.0.1:8000/en/"


def test_a_sold_out_variant_says_so_and_cannot_be_bought(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    shop.search.stock.left[draft.variants[0].sku] = 0
    page = shopper.page(f"p/{draft.slug}?sku={draft.variants[0].sku}")
    button = next(button for button in page.all("button") if "data-buy" in button.attributes)
    assert "disabled" in button.attributes
    assert page.one("p", class_="band").attributes["data-band"] == "sold_out"


def test_a_product_is_described_for_machines(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    page = shopper.page(f"p/{draft.slug}?sku={draft.variants[-1].sku}")
    product, crumbs = page.json_ld()
    assert product["@type"] == "Product"
    assert {offer["sku"] for offer in product["offers"]} == {variant.sku for variant in draft.variants}
    assert product["offers"][0]["priceCurrency"] == "EUR"
    assert product["offers"][0]["price"] == f"{draft.variants[0].prices['EUR'] / 100:.2f}"
    assert crumbs["@type"] == "BreadcrumbList"
    base = "http://127.0.0.1:8000"
    assert page.one("link", rel="canonical").attributes["href"] == f"{base}/en/p/{draft.slug}"
    alternates = {
        link.attributes["hreflang"]: link.attributes["href"] for link in page.all("link", rel="alternate")
    }
    assert alternates == {
        "en": f"{base}/en/p/{draft.slug}",
        "de": f"{base}/de/p/{draft.slug}",
        "x-default": f"{base}/en/p/{draft.slug}",
    }
    assert page.one("meta", property="og:type").attributes["content"] == "product"


def test_the_price_per_unit_stands_beside_the_price(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    first = draft.variants[0]
    draft.variants[0] = structs.replace(
        first, prices={"EUR": 399, "USD": 450}, content=Content(amount="250", unit="g")
    )
    page = shopper.page(f"p/{draft.slug}?sku={first.sku}")
    assert page.one("p", class_="product__unit small muted").text == "€15.96 per kg"
    other = shopper.page(f"p/{draft.slug}?sku={draft.variants[1].sku}")
    assert "hidden" in other.one("p", class_="product__unit small muted").attributes
    assert "15,96\xa0€ je kg" in shopper.client.get(f"/de/c/{draft.category}").text


def test_a_product_names_its_maker_and_its_dangers(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    assert "Maker and safety" not in shopper.get(f"p/{draft.slug}").text
    shop.search.drafts[draft.slug] = structs.replace(
        draft,
        maker=Maker(
            name="Sample <Pottery>",
            address="Sample Street 1\nSample Town",
            email="pottery@maker.example",
            url="https://maker.example",
        ),
        safety={"en": "Gets hot.\nHeavy."},
    )
    html = shopper.get(f"p/{draft.slug}").text
    assert "Sample &lt;Pottery&gt;<br>Sample Street 1<br>Sample Town" in html
    assert '<a href="mailto:pottery@maker.example">' in html
    assert "<p>Gets hot.</p>" in html


def test_a_product_with_an_ending_script_in_its_text_does_no_harm(
    shop: FixtureShop, shopper: Shopper
) -> None:
    draft = product_with_options(shop)
    draft.description["en"] = "</script><script>alert(1)</script>"
    html = shopper.get(f"p/{draft.slug}").text
    assert "<script>alert" not in html
    assert Page(html).json_ld()[0]["description"].startswith("</script>")


def test_a_product_without_pictures_gets_a_drawing(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    draft.images.clear()
    images = shopper.page(f"p/{draft.slug}").all("img")
    assert images[0].attributes["src"].startswith("/assets/stand-in-")
    assert shopper.client.get(images[0].attributes["src"]).status_code == 200


def test_the_currency_cookie_changes_prices(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    shopper.client.cookies.set("currency", "USD")
    assert "$" in shopper.page(f"p/{draft.slug}").one("p", class_="product__price").text


def test_language_and_currency_lead_back_to_the_same_page(shopper: Shopper) -> None:
    form = {"language": "de", "currency": "USD", "back": "/en/c/ceramics?colour=sand"}
    answer = shopper.post("preferences", form)
    assert answer.headers["location"] == "/de/c/ceramics?colour=sand"
    assert shopper.client.cookies["currency"] == "USD"
    for elsewhere in ("//evil.test/", "https://evil.test/", "/en/\\evil.test", "javascript:alert(1)"):
        back = shopper.post("preferences", {**form, "back": elsewhere}).headers["location"]
        assert back == "/de/", elsewhere


def test_the_sitemap_lists_every_page_with_its_translations(shop: FixtureShop, shopper: Shopper) -> None:
    tree = ET.fromstring(shopper.client.get("/sitemap.xml").content)
    places = {element.text for element in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    for slug in shop.search.drafts:
        assert {f"http://127.0.0.1:8000/{language}/p/{slug}" for language in ("en", "de")} <= places
    assert "http://127.0.0.1:8000/de/collections/favourites" in places
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in shopper.client.get("/robots.txt").text


def test_pictures_may_be_kept_for_ever(shopper: Shopper) -> None:
    name = min(MEDIA.glob("*.webp")).name
    answer = shopper.client.get(f"/media/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_list_filtered_by_a_colour_shows_that_colour(shop: FixtureShop, shopper: Shopper) -> None:
    draft = product_with_options(shop)
    draft.images[:] = [
        Picture(file=f"arc-{colour}", widths=[400], width=400, height=500, options={"colour": colour})
        for colour in ("sand", "moss")
    ]
    html = shopper.get(f"c/{draft.category}?colour=moss").text
    assert f"/en/p/{draft.slug}?colour=moss" in html
    assert html.index("/media/arc-moss-400.webp") < html.index("/media/arc-sand-400.webp")


def test_assets_may_be_kept_for_ever_and_nothing_else_is_served(shopper: Shopper) -> None:
    style = shopper.page("cart").one("link", rel="stylesheet").attributes["href"]
    answer = shopper.client.get(style)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    for path in ("/assets/nothing.css", "/media/..%2f..%2fpyproject.toml", "/media/nothing.webp"):
        assert shopper.client.get(path).status_code == 404
