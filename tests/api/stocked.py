"""What requests are about: carts, orders and sessions that exist, so that not every id leads to nothing."""

from __future__ import annotations

import itertools
from collections.abc import Collection as Several
from typing import Any

import msgspec

from rialto.cart.api import CartRef
from rialto.catalog.api import (
    AttributeDefinition,
    Catalog,
    Category,
    Collection,
    CollectionRef,
    ListProducts,
    Pins,
    ProductDraft,
    ProductRef,
    PutCollection,
    PutPins,
    PutProduct,
    PutSynonyms,
    Synonyms,
    VariantDraft,
)
from rialto.identity.api import Identity, PutRole
from rialto.inventory.api import PutStock, PutStockMany
from rialto.kernel.ids import ProductId
from rialto.kernel.service import Nothing
from rialto.notifications.api import MailTextRef, Notifications
from rialto.orders.api import Order, ShipOrder
from rialto.pricing.api import PercentOff, Pricing, Promotion, PromotionRef, PutPromotion, PutVoucher, Voucher
from rialto.reviews.api import Draft, Reviews, WriteReview
from tests.api.people import OWNER, PASSWORD, hire, sign_in
from tests.api.serving import Served
from tests.support.shop import Shop

SKU = "MUG-RED"
STOCK = 900
PROMOTION = "spring"
SHIPPED_EVERY = 3
TOKENS = ("tok_success", "tok_success", "tok_declined", "tok_3ds", "tok_insufficient_funds")

Json = dict[str, Any]

ALWAYS: Json = {
    "promotion_id": PROMOTION,
    "sku": SKU,
    "slug": "mugs",
    "category": "mugs",
    "parent": None,
    "attribute_code": "colour",
    "synonyms_id": "cups",
    "pins_id": "gifts",
    "mail_kind": "order_placed",
    "mail_language": "en",
    "products": ["mug-red"],
    "code": "WELCOME10",
    "currency": "EUR",
    "language": "de",
    "channel": "default",
    "filters": {"colour": "red"},
    "provider": "sandbox",
    "warehouse": "berlin",
    "on_hand": STOCK,
    # Of codes to be made, and of a cart to be tried.
    "count": 3,
    "items": [{"sku": SKU, "quantity": 1}],
    "delivery_option_id": "standard",
    "email": OWNER,
    "password": PASSWORD,
    "old_password": PASSWORD,
    "role": "gardener",
    "roles": ["viewer"],
    "item": SKU,
    "payments": [],
    "expected_total": None,
    "amount": {"amount": 1, "currency": "EUR"},
    "attributes": {"colour": ["red"]},
    "options": [],
    # Two made up at random hardly ever fit each other, or what the shop's pages are painted with.
    **dict.fromkeys(("publish_at", "unpublish_at", "logo")),
    **dict.fromkeys(("accent_light", "accent_dark"), ""),
}
# What a definition of this attribute has to keep: products hold it.
COLOUR: Json = {"type": "choice", "values": {"red": {"en": "Red", "de": "Rot"}}, "order": ["red"]}
# Names that in a body are those of something new.
MADE_UP = {"slug"}


class Existing:
    """Ids and fields by the names that requests have for them, fitting each other."""

    def __init__(self, served: Served) -> None:
        self._served = served
        served.run(_stock_up)
        self._reviewed = served.run(_reviewed_product)
        self._products = itertools.cycle(served.run(_products))
        self._staff_id = served.run(_owners_id)
        self._tokens = itertools.cycle(TOKENS)
        self._turns = itertools.count()
        # To be looked at only: whoever changes one gets one of its own.
        self._cart = served.run(_cart)
        self._order = served.run(lambda shop: _order(shop, 1))

    def named(self, names: Several[str], *, changes: bool) -> Json:
        """What is known under these names. `changes`: what is found may be used up."""
        product_id, variants = next(self._products)
        known = {
            **ALWAYS,
            **(COLOUR if "attribute_code" in names else {}),
            "product_id": product_id,
            "ref": product_id,
            "staff_id": self._staff_id,
        }
        if {"cart_id", "line_id"} & set(names):
            known |= self._served.run(_cart) if changes else self._cart
        if "order_id" in names:
            known |= self._fresh_order() if changes else self._order
        if "product_id" in names:
            known["variants"] = variants
        if {"synonyms_id", "pins_id"} & set(names) and changes:
            self._served.run(_search_rules)
        if "slug" in names:
            self._served.run(_collection)
        if "role" in names and changes:
            self._served.run(_role)
        if "promotion_id" in names and changes:
            self._served.run(_promotion)
        if "order_key" in names:
            known["product_id"] = self._reviewed
        if "review_id" in names:
            known |= self._served.run(lambda shop: _review(shop, self._reviewed))
        if "refresh_token" in names:
            known["refresh_token"] = self._served.run(_refresh_token)
        if "payment" in names:
            known["payment"] = {"provider": "sandbox", "token": next(self._tokens)}
        return {name: known[name] for name in names if name in known}

    def etag_of(self, known: Json) -> str:
        """What a change of this product, mail, promotion, rule or collection, or else of this fresh review, is based on now."""
        if {"synonyms_id", "pins_id"} & set(known):
            return f'"{self._served.run(lambda shop: _version_of_rule(shop, known))}"'

        async def version(shop: Shop) -> int:
            if "mail_kind" in known:
                ref = MailTextRef(kind=known["mail_kind"], language=ALWAYS["mail_language"])
                return (await shop.app[Notifications].mail_text(ref)).version
            if "promotion_id" in known:
                return (await shop.app[Pricing].promotion(PromotionRef(id=known["promotion_id"]))).version
            if "product_id" not in known and "slug" in known:
                return (await shop.app[Catalog].collection(CollectionRef(slug=known["slug"]))).version
            if "product_id" not in known:
                return 1
            return (await shop.app[Catalog].get_product(ProductRef(ref=known["product_id"]))).version

        return f'"{self._served.run(version)}"'

    def _fresh_order(self) -> Json:
        turn = next(self._turns)
        return self._served.run(lambda shop: _order(shop, turn))


async def _cart(shop: Shop) -> Json:
    await _restock(shop)
    cart_id = await shop.cart({SKU: 1, "PENCIL": 1})
    cart = await shop.carts.get(CartRef(cart_id=cart_id))
    assert cart.delivery is not None
    return {"cart_id": cart_id, "line_id": cart.lines[0].id, "option_id": cart.delivery.option_id}


async def _restock(shop: Shop) -> None:
    """As much as at first, whatever the people before have left."""
    counts = [PutStock(sku=SKU, warehouse="berlin", on_hand=STOCK)]
    await shop.inventory.put_stock(PutStockMany(items=counts))


async def _bought(shop: Shop, quantity: int) -> Order:
    await _restock(shop)
    return (await shop.buy(SKU, quantity)).order


async def _order(shop: Shop, turn: int) -> Json:
    order = await _bought(shop, 2)
    if turn % SHIPPED_EVERY == 0:
        await shop.orders.ship(ShipOrder(order_id=order.id, step=f"ship-{turn}"))
    lines = {order.lines[0].id: 1}
    return {"order_id": order.id, "key": order.key, "order_key": order.key, "lines": lines, "fit": lines}


async def _search_rules(shop: Shop) -> None:
    """Both are there, whatever became of them."""
    catalog = shop.app[Catalog]
    present = await catalog.search_rules(Nothing())
    if not any(each.id == ALWAYS["synonyms_id"] for each in present.synonyms):
        synonyms = Synonyms(id=ALWAYS["synonyms_id"], language="en", terms=["cup", "mug"])
        await catalog.put_synonyms(PutSynonyms(synonyms=synonyms))
    if not any(each.id == ALWAYS["pins_id"] for each in present.pins):
        pins = Pins(id=ALWAYS["pins_id"], language="en", query="the gift", products=["mug-red"])
        await catalog.put_pins(PutPins(pins=pins))


async def _collection(shop: Shop) -> None:
    """There again, whatever became of it."""
    catalog = shop.app[Catalog]
    collection = Collection(slug=ALWAYS["slug"], title={"en": "Mugs"}, products=["mug-red"])
    if not any(each.slug == collection.slug for each in (await catalog.collections(Nothing())).items):
        await catalog.put_collection(PutCollection(collection=collection))


async def _version_of_rule(shop: Shop, known: Json) -> int:
    present = await shop.app[Catalog].search_rules(Nothing())
    rules = present.synonyms if "synonyms_id" in known else present.pins
    return next(each.version for each in rules if each.id in {known.get("synonyms_id"), known.get("pins_id")})


async def _review(shop: Shop, product_id: ProductId) -> Json:
    order = await _bought(shop, 1)
    draft = Draft(rating=5, title="Red", body="As red as it says.", name="Ada")
    written = await shop.app[Reviews].write(
        WriteReview(product_id=product_id, order_id=order.id, order_key=order.key, draft=draft)
    )
    return {"review_id": written.id, "key": order.key}


async def _refresh_token(shop: Shop) -> str:
    return (await sign_in(shop, OWNER)).refresh_token


async def _role(shop: Shop) -> None:
    await shop.app[Identity].put_role(PutRole(name=ALWAYS["role"], permissions=["orders.read"]))


async def _promotion(shop: Shop) -> None:
    """There again with its code, whatever was done to it."""
    promotion = Promotion(id=PROMOTION, title={"en": "Spring sale"}, benefit=PercentOff(percent="10"))
    await shop.app[Pricing].put_promotion(PutPromotion(promotion=promotion))
    voucher = Voucher(code=ALWAYS["code"], promotion_id=PROMOTION)
    await shop.app[Pricing].put_voucher(PutVoucher(voucher=voucher))


async def _owners_id(shop: Shop) -> str:
    staff = (await shop.app[Identity].list_staff(Nothing())).items
    return next(member.id for member in staff if member.email == OWNER)


async def _stock_up(shop: Shop) -> None:
    await hire(shop, OWNER, "owner")
    catalog = shop.app[Catalog]
    await catalog.put_category(Category(slug="mugs", title={"en": "Mugs", "de": "Becher"}))
    red = {"en": "Red", "de": "Rot"}
    await catalog.put_attribute(
        AttributeDefinition(code="colour", label={"en": "Colour"}, filterable=True, values={"red": red})
    )
    draft = ProductDraft(
        slug="mug-red",
        title={"en": "Red mug", "de": "Roter Becher"},
        category="mugs",
        attributes={"colour": ["red"]},
        variants=[VariantDraft(sku=SKU, prices={"EUR": 1500, "USD": 1600}, weight_g=300)],
    )
    await catalog.put_product(PutProduct(draft=draft))
    await _promotion(shop)
    await shop.settle()


async def _reviewed_product(shop: Shop) -> ProductId:
    return (await shop.app[Catalog].get_product(ProductRef(ref="mug-red"))).id


async def _products(shop: Shop) -> list[tuple[str, Json]]:
    listed = await shop.app[Catalog].list_products(ListProducts(cursor=None, limit=50))
    # What carts and orders here hold stays as it is.
    return [
        (product.id, msgspec.to_builtins(product.draft.variants))
        for product in listed.items
        if product.draft.slug not in {"mug-red", "pencil"}
    ]


def whole(value: Any) -> Any:
    """Whole numbers written as such: to JSON Schema `2.0` is one, too, to this API it is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return {name: whole(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def fitting(body: Json, known: Json) -> Json:
    """The body with ids that exist, and with what this shop asks for beyond the schema."""
    chosen = {name: known[name] for name in body if name in known and name not in MADE_UP}
    found: Json = _fitting({**body, **chosen}, "")
    return found


def _fitting(value: Any, name: str) -> Any:
    if isinstance(value, list):
        # The items of a cart are not the amounts of that name.
        return [_fitting(inner, "") for inner in value]
    if not isinstance(value, dict):
        return value
    found = {inner: _fitting(given, inner) for inner, given in value.items()}
    if name in {"title", "label"}:
        return {"en": "Mug", **found}
    if name == "items_max":
        return {}
    if name in {"prices", "compare_at", "free_from", "amounts", "items_min", "items"}:
        return {"EUR": next(iter(found.values()))} if found else {}
    return {**found, "country": "DE"} if "country" in found else found
