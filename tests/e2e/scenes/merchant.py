"""In the back office: products and their prices, collections, stock, promotions and codes, reviews, customers, people and the log."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.buying import press_next
from tests.e2e.scenes.goods import keep_accounts, put_goods
from tests.e2e.scenes.scene import Scene, Tour
from tests.e2e.scenes.working import enter, hire, of_admin

PRODUCTS = of_admin("products", "products/list", ".table tbody tr")
PRODUCTS_NONE = of_admin("products-none", "products/list", ".nothing")
DEMO = of_admin("demo", "products/demo", "#confirm")
PRODUCT = of_admin("product", "products/edit", ".matrix td")
PRODUCT_PROBLEMS = of_admin("product-problems", "products/edit", "#problems")
CONFLICT = of_admin("conflict", "conflict", ".difference")
PRICES = of_admin("prices", "products/prices", "#changes-title")
PRICES_DONE = of_admin("prices-done", "products/prices", ".confirmation")
STOCK = of_admin("stock", "stock/list", ".table tbody tr")
COUNTS = of_admin("counts", "stock/counts", "#counts:not([aria-invalid])")
COUNTS_PROBLEMS = of_admin("counts-problems", "stock/counts", "#problems")
COUNTS_PREVIEW = of_admin("counts-preview", "stock/counts", "#changes-title")
COUNTS_DONE = of_admin("counts-done", "stock/counts", ".confirmation")
MOVEMENTS = of_admin("movements", "stock/movements", ".table tbody tr")
PROMOTIONS = of_admin("promotions", "promotions/list", ".table tbody tr")
PROMOTION = of_admin("promotion", "promotions/edit", "#end-title")
CODES = of_admin("codes", "promotions/codes", ".table tbody tr")
PREVIEW = of_admin("preview", "promotions/preview", "#found-title")
REVIEWS = of_admin("reviews", "reviews", "h1")
CUSTOMERS = of_admin("customers", "customers/find", "[role=status]")
CUSTOMER = of_admin("customer", "customers/customer", "#groups")
STAFF = of_admin("staff", "people/staff", "#hire-title")
MEMBER = of_admin("member", "people/member", "#roles")
ROLES = of_admin("roles", "people/roles", ".table tbody tr")
ROLE = of_admin("role", "people/role", "#more")
COLLECTIONS = of_admin("collections", "collections/list", ".table tbody tr")
COLLECTION = of_admin("collection", "collections/edit", "#held-title")
COLLECTION_LOOKED_AT = of_admin("collection-looked-at", "collections/edit", "#held-title ~ [role=status]")
COLLECTION_PROBLEMS = of_admin("collection-problems", "collections/edit", "#problems")
COLLECTION_REMOVE = of_admin("collection-remove", "collections/remove", ".button--danger")
SEARCH = of_admin("search", "search/list", ".table tbody tr")
SEARCH_RULE = of_admin("search-rule", "search/rule", "#products")
LOG = of_admin("log", "people/log", ".table tbody tr")


def keep_the_goods(tour: Tour) -> Iterator[Scene]:
    page, desk = tour.page, f"{tour.shop.url}/admin"
    put_goods(tour)
    staff = f"{tour.name('goods')}@staff.test"
    hire(tour.shop, staff, "owner")
    page.goto(f"{desk}/products")
    enter(page, staff)
    yield PRODUCTS
    page.goto(f"{desk}/products?q=nothing-of-this-name")
    yield PRODUCTS_NONE
    page.goto(f"{desk}/products/demo")
    yield DEMO
    sold = tour.name("long")
    product = tour.shop.staff("GET", f"products/{sold}")
    page.goto(f"{desk}/products/{product['id']}")
    yield PRODUCT
    page.locator("[name^='variant-0-price']").first.fill("much")
    page.locator("form.form--full > .form__actions .button").click()
    yield PRODUCT_PROBLEMS
    page.goto(f"{desk}/products/{product['id']}")
    page.fill("#title-en", "Something shorter")
    draft = {**product["draft"], "featured": not product["draft"]["featured"]}
    tour.shop.staff("PUT", f"products/{product['id']}", draft, **{"if-match": f'"{product["version"]}"'})
    page.locator("form.form--full > .form__actions .button").click()
    yield CONFLICT
    page.goto(f"{desk}/products/prices?kind=reduce&percent=1&currency=EUR&q={tour.name('dearer')}")
    yield PRICES
    page.locator("#changes-title ~ form .button").click()
    yield PRICES_DONE
    page.locator("[name=changes] ~ p .button").first.click()
    page.goto(f"{desk}/stock")
    yield STOCK
    page.goto(f"{desk}/stock/VASE-ARC-SAND-S")
    yield MOVEMENTS
    page.goto(f"{desk}/counts")
    yield COUNTS
    page.fill("#counts", "one,two,three")
    press_next(page)
    yield COUNTS_PROBLEMS
    page.fill("#counts", f"{tour.name('dearer').upper()},berlin,33")
    press_next(page)
    yield COUNTS_PREVIEW
    page.locator("#changes-title ~ form .button").click()
    yield COUNTS_DONE
    page.locator("[name=changes] ~ p .button").first.click()
    words = {"language": "en", "terms": ["lamp", "light of a long evening"]}
    tour.shop.staff("PUT", f"search/synonyms/{tour.name('words')}", words, **{"if-match": '"0"'})
    page.goto(f"{desk}/search")
    yield SEARCH
    page.goto(f"{desk}/search/pins/new")
    yield SEARCH_RULE


def keep_collections(tour: Tour) -> Iterator[Scene]:
    page, desk = tour.page, f"{tour.shop.url}/admin"
    staff = f"{tour.name('collections')}@staff.test"
    hire(tour.shop, staff, "owner")
    name = tour.name("collection")
    title = {"en": "Everything for a long evening", "de": "Donaudampfschifffahrtsgesellschaftsmützen"}
    rule = {"prices": {"EUR": {"low": 100}}, "stock": "in_stock"}
    tour.shop.staff("PUT", f"collections/{name}", {"title": title, "rule": rule}, **{"if-match": '"0"'})
    page.goto(f"{desk}/collections")
    enter(page, staff)
    yield COLLECTIONS
    page.goto(f"{desk}/collections/{name}/edit")
    yield COLLECTION
    page.fill("#high-EUR", "20")
    page.locator("[formaction*='/look']").click()
    yield COLLECTION_LOOKED_AT
    page.fill("#newer_than_days", "soon")
    page.fill("#categories", "of-no-such-name")
    page.locator("form.form--wide > .form__actions .button").first.click()
    yield COLLECTION_PROBLEMS
    page.goto(f"{desk}/collections/{name}/remove")
    yield COLLECTION_REMOVE


def keep_the_shop(tour: Tour) -> Iterator[Scene]:
    page, shop, desk = tour.page, tour.shop, f"{tour.shop.url}/admin"
    staff = f"{tour.name('shop')}@staff.test"
    hire(shop, staff, "owner")
    name = tour.name("sale")
    body = {"id": name, "title": {"en": "A sale of this tour", "de": "Sommerschlussverkaufsankündigung"}}
    benefit = {"type": "percent", "percent": "10"}
    shop.staff("POST", "promotions", {**body, "benefit": benefit, "needs_code": True, "position": 900})
    shop.staff("POST", f"promotions/{name}/codes", {"batch": "Donaudampfschifffahrt", "count": 2})
    page.goto(f"{desk}/promotions")
    enter(page, staff)
    yield PROMOTIONS
    page.goto(f"{desk}/promotions/{name}")
    yield PROMOTION
    page.goto(f"{desk}/promotions/{name}/codes")
    yield CODES
    page.goto(f"{desk}/promotions/preview?items=LAMP-LUNA+2&currency=EUR&channel=default")
    yield PREVIEW
    page.goto(f"{desk}/reviews?status=published")
    yield REVIEWS
    page.goto(f"{desk}/customers?email=nobody@example.org")
    yield CUSTOMERS
    one, other, moved = (f"{tour.name(kind)}@example.org" for kind in ("buyer", "second", "third"))
    keep_accounts(shop, tour.language, one=one, other=other, moved=moved)
    page.goto(f"{desk}/customers?email={other}")
    yield CUSTOMER
    page.goto(f"{desk}/staff")
    yield STAFF
    page.locator(".table__lead a").first.click()
    yield MEMBER
    page.goto(f"{desk}/roles")
    yield ROLES
    page.goto(f"{desk}/roles/support")
    yield ROLE
    page.goto(f"{desk}/log")
    yield LOG
