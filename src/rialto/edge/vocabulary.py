"""The words of the API as its description explains them: nouns, parameters, rules behind fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rialto.edge.amounts import CHANNEL, own_prices, prices
from rialto.kernel.ids import (
    ACCOUNT,
    ADDRESS,
    CART,
    LINE,
    ORDER,
    PASSKEY,
    PAYMENT,
    PRODUCT,
    REVIEW,
    SESSION,
    STAFF,
    Kind,
)

Json = dict[str, Any]

HEADERS_REQUIRED = frozenset({"Idempotency-Key", "If-Match"})


@dataclass(frozen=True, kw_only=True)
class Word:
    """A parameter's name: what it means and what it must look like. `shown`: its example belongs into examples."""

    text: str
    example: Any
    schema: Json = field(default_factory=dict)
    shown: bool = False


def id_pattern(kind: Kind[Any]) -> Json:
    return {"pattern": kind.pattern}


BODY = "06bqk3v1m5g7r0z2x4c6n8p0qs"
CURRENCY: Json = {"pattern": "^[A-Za-z]{3}$"}
SKU: Json = {"minLength": 1, "maxLength": 64}
SLUG: Json = {"pattern": "^[a-z0-9-]{1,120}$"}
CODE: Json = {"pattern": "^[a-z][a-z0-9_]{0,59}$"}
VALUE_CODE: Json = {"pattern": "^[a-z0-9][a-z0-9_.-]{0,79}$"}
LOOSE_CODE: Json = {"pattern": "^[a-z][a-z0-9_-]{0,59}$"}


LANGUAGE: Json = {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"}
# Something to be seen and no control characters; in LINES these may be line breaks and tabs.
PLAIN = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f]*$"
LINES = PLAIN.replace(r"\u0000-\u001f", r"\u0000-\u0008\u000b\u000c\u000e-\u001f")


def texts(most: int, least: int = 0, pattern: str = PLAIN) -> Json:
    """Texts by language."""
    return {
        "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$"},
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": most, "pattern": pattern},
        "minProperties": least,
        "maxProperties": 30,
    }


FILE_NAME = "[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}"
LINE_OF_ADDRESS: Json = {"minLength": 1, "maxLength": 120, "pattern": r"\S"}
NOT_GIVEN: Json = {"type": "null"}


PERCENT: Json = {
    "pattern": r"^(100(\.0{1,2})?|[0-9]?[1-9](\.[0-9]{1,2})?|[1-9]0(\.[0-9]{1,2})?|0?0\.(0[1-9]|[1-9][0-9]?))$"
}
NAME: Json = {"type": "string", "minLength": 1, "maxLength": 120, "pattern": PLAIN}
# Lists of names, each once.
NAMED: Json = {"maxItems": 500, "uniqueItems": True, "items": NAME}
AMOUNT_MAX = 10**12


WORDS: dict[str, Word] = {
    "cart_id": Word(text="The cart's id.", example=f"cart_{BODY}", schema=id_pattern(CART)),
    "line_id": Word(
        text="The id of one of the cart's lines.", example=f"line_{BODY}", schema=id_pattern(LINE)
    ),
    "address_id": Word(
        text="The id of one of one's addresses.", example=f"addr_{BODY}", schema=id_pattern(ADDRESS)
    ),
    "role": Word(text="The role's name.", example="accounting", schema={"pattern": "^[a-z][a-z0-9_]{0,39}$"}),
    "staff_id": Word(text="The id of a member of staff.", example=f"stf_{BODY}", schema=id_pattern(STAFF)),
    "operation": Word(text="Only this operation, such as `ship_order`.", example="ship_order"),
    "object_id": Word(text="Only what was done to this, by the id in the address.", example=f"ord_{BODY}"),
    "since": Word(
        text="Only from this moment on.",
        example="2026-03-01T00:00:00Z",
        schema={"format": "date-time", "maxLength": 40},
    ),
    "until": Word(
        text="Only before this moment.",
        example="2026-04-01T00:00:00Z",
        schema={"format": "date-time", "maxLength": 40},
    ),
    "passkey_id": Word(
        text="The id of one of one's passkeys.", example=f"pkey_{BODY}", schema=id_pattern(PASSKEY)
    ),
    "session_id": Word(
        text="The id of one of one's sessions.", example=f"ses_{BODY}", schema=id_pattern(SESSION)
    ),
    "order_id": Word(text="The order's id.", example=f"ord_{BODY}", schema=id_pattern(ORDER)),
    "product_id": Word(
        text="The product's id; for reading also its slug.",
        example=f"prod_{BODY}",
        schema={"minLength": 1, "maxLength": 120},
    ),
    "review_id": Word(text="The review's id.", example=f"rev_{BODY}", schema=id_pattern(REVIEW)),
    "ref": Word(
        text="The product's slug or id.", example="mug-stone", schema={"minLength": 1, "maxLength": 200}
    ),
    "slug": Word(
        text="The slug of the category or collection: its name in addresses.", example="mugs", schema=SLUG
    ),
    "synonyms_id": Word(text="A name of one's own for these synonyms.", example="lamps", schema=SLUG),
    "pins_id": Word(text="A name of one's own for these pins.", example="gifts", schema=SLUG),
    "code": Word(
        text="The code as the customer has it.", example="WELCOME10", schema={"minLength": 1, "maxLength": 60}
    ),
    "promotion_id": Word(text="The promotion's id.", example="spring", schema=LOOSE_CODE),
    "batch": Word(text="Only codes of this batch.", example="spring fair"),
    "mail_kind": Word(
        text="The kind of mail, as the list names it.",
        example="order_placed",
        schema={"pattern": "^[a-z_]{1,40}$"},
    ),
    "mail_language": Word(
        text="The language that the mail is written in.", example="en", schema={"pattern": "^[a-z]{2,3}$"}
    ),
    "also": Word(text="A currency to count as well, before it is switched on.", example="CHF"),
    "channel_code": Word(
        text="The shop front's code.", example="default", schema={"pattern": "^[a-z0-9_-]{1,40}$"}
    ),
    "attribute_code": Word(text="The attribute's code: its name in products.", example="colour", schema=CODE),
    "sku": Word(text="A stock keeping unit: one variant of one product.", example="MUG-STONE", schema=SKU),
    "provider": Word(
        text="The payment provider's name.", example="sandbox", schema={"minLength": 1, "maxLength": 40}
    ),
    "key": Word(text="The order's key, from its `status_url`.", example="k7w2m9c4x1v8b5n3"),
    "cursor": Word(text="`next_cursor` of the page before.", example="k6w1OTYyODkz"),
    "limit": Word(text="How many at most.", example=24),
    "status": Word(text="Only orders in this state, such as `placed`.", example="placed"),
    "q": Word(text="What is searched for.", example="mug", shown=True),
    "category": Word(text="The slug of a category; its children count.", example="mugs"),
    "collection": Word(text="The slug of a collection.", example="new"),
    "sort": Word(
        text="The order of the list; `-price` is dearest first, `rating` best liked first.", example="price"
    ),
    "in_stock": Word(text="Only what can be had now.", example=True),
    "currency": Word(
        text="Prices in this currency of the channel; without it, in the channel's first.",
        example="EUR",
        schema=CURRENCY,
    ),
    "language": Word(
        text="Texts in this language of the channel; without it, Accept-Language decides.", example="de"
    ),
    "channel": Word(text="The shop front; without it, the host name decides.", example="default"),
    "price_min": Word(text="From this price on, in minor units of the currency.", example=1000),
    "price_max": Word(text="Up to this price, in minor units of the currency.", example=5000),
    "Idempotency-Key": Word(
        text="Made by the client, one per purchase or refund meant: 1 to 255 visible ASCII characters. "
        "The same key with the same body answers the same; kept for 30 days.",
        example="0d9f1c62-5a0e-4c1b-9a53-2f6c8e1f7b10",
        schema={"pattern": "^[!-~]{1,255}$"},
    ),
    "If-Match": Word(
        text="The ETag of what the change is based on.", example='"3"', schema={"pattern": '^"?[0-9]{1,9}"?$'}
    ),
}

# What services check beyond a field's type, by schema and field; of a schema as a whole, by its name.
NOTES: dict[str, Json] = {
    **{f"Address.{name}": LINE_OF_ADDRESS for name in ("name", "line1")},
    **{f"Address.{name}": {"maxLength": 120} for name in ("company", "line2", "phone")},
    "Address.city": {"maxLength": 120, "description": "Required where the country's addresses have one."},
    "Address.postal_code": {
        "maxLength": 120,
        "description": "Required where the country has them, and checked.",
    },
    "Address.region": {
        "maxLength": 120,
        "description": "State or province: required where the country's addresses have one, by code or name.",
    },
    "Address.country": {"pattern": "^[A-Za-z]{2}$", "description": "ISO 3166-1 alpha-2."},
    "SavedAddress.id": id_pattern(ADDRESS),
    "AddressBody.email": {"format": "email"},
    "Money.amount": {"description": "Minor units: cents of EUR, yen of JPY."},
    "Money.currency": {"pattern": "^[A-Z]{3}$", "description": "ISO 4217."},
    "CheckoutBody.cart_id": id_pattern(CART),
    "Cart.id": id_pattern(CART),
    "CartLine.id": id_pattern(LINE),
    "Order.id": id_pattern(ORDER),
    "Order.cart_id": id_pattern(CART),
    "OrderRow.id": id_pattern(ORDER),
    "CheckoutPending.order_id": id_pattern(ORDER),
    "Payment.id": id_pattern(PAYMENT),
    "Payment.order_id": id_pattern(ORDER),
    **{f"{name}.id": id_pattern(REVIEW) for name in ("Review", "OwnReview", "ModeratedReview")},
    "NewReview.order_id": id_pattern(ORDER),
    "Staff.id": id_pattern(STAFF),
    "ApiProduct.id": id_pattern(PRODUCT),
    "ApiListItem.id": id_pattern(PRODUCT),
    "Product.id": id_pattern(PRODUCT),
    "Registration.email": {"format": "email", "maxLength": 254},
    "Registration.password": {"minLength": 12, "maxLength": 1024},
    "Registration.name": {"minLength": 1, "maxLength": 120},
    "Registration.language": LANGUAGE,
    "Registration.channel": {"pattern": "^[a-z0-9][a-z0-9_-]{0,59}$"},
    "NewPassword.password": {"minLength": 12, "maxLength": 1024},
    "PasswordChange.new_password": {"minLength": 12, "maxLength": 1024},
    "EmailChange.email": {"format": "email", "maxLength": 254},
    "Account.id": id_pattern(ACCOUNT),
    "AccountChange.name": {"minLength": 1, "maxLength": 120},
    "AccountChange.language": LANGUAGE,
    "GiveConsent.purpose": CODE,
    "GiveConsent.text_version": {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"},
    "Passkey.id": id_pattern(PASSKEY),
    "Session.id": id_pattern(SESSION),
    "RoleBody.permissions": {
        "items": {"type": "string", "pattern": r"^([a-z_]{1,40}\.([a-z_]{1,40}|\*)|\*\.[a-z_]{1,40})$"}
    },
    "RolesBody.roles": {
        "minItems": 1,
        "items": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
    },
    "NewStaff.email": {"format": "email", "maxLength": 254},
    "NewStaff.name": {"minLength": 1, "maxLength": 120, "pattern": r"\S"},
    "NewStaff.password": {"minLength": 12, "maxLength": 1024},
    "NewStaff.roles": {"minItems": 1, "items": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}},
    "ProductDraft.slug": SLUG,
    "ProductDraft.title": texts(200, 1),
    "ProductDraft.description": texts(20_000, pattern=LINES),
    "ProductDraft.category": SLUG,
    "ProductDraft.tax_class": CODE,
    "ProductDraft.variants": {"minItems": 1, "maxItems": 200},
    "ProductDraft.images": {"maxItems": 50},
    "ProductDraft.related": {"maxItems": 50, "items": {"type": "string", **SLUG}},
    "ProductDraft.options": {"maxItems": 5, "uniqueItems": True, "items": {"type": "string", **CODE}},
    "ProductDraft.attributes": {"maxProperties": 100},
    "ProductDraft.safety": texts(5_000, pattern=LINES),
    "VariantDraft.sku": {"pattern": r"^\S{1,64}$"},
    "VariantDraft.options": {"maxProperties": 5},
    "VariantDraft.prices": prices(1, 10**15),
    "VariantDraft.compare_at": prices(1, 10**15),
    "VariantDraft.channel_prices": own_prices(1, 10**15),
    "ProductDraft.channels": {"maxItems": 50, "uniqueItems": True, "items": {"type": "string", **CHANNEL}},
    "VariantDraft.weight_g": {"minimum": 0, "maximum": 100_000_000},
    "VariantDraft.gtin": {"pattern": "^([0-9]{8}|[0-9]{12,14})$"},
    "Content.amount": {"pattern": r"^(?!0+(\.0+)?$)[0-9]{1,9}(\.[0-9]{1,3})?$"},
    "Content.unit": {"enum": ["g", "kg", "ml", "l", "cm", "m", "m2", "piece"]},
    "Maker": {
        "anyOf": [
            {"required": ["email"], "properties": {"email": {"type": "string"}}},
            {"required": ["url"], "properties": {"url": {"type": "string"}}},
        ]
    },
    "Maker.name": {"maxLength": 200, "pattern": PLAIN},
    "Maker.address": {"maxLength": 500, "pattern": LINES},
    "Maker.email": {"maxLength": 254, "pattern": r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$"},
    "Maker.url": {"maxLength": 2000, "pattern": "^https?://"},
    "Picture": {
        "oneOf": [
            {"required": ["file"], "properties": {"file": {"type": "string"}, "url": NOT_GIVEN}},
            {"required": ["url"], "properties": {"url": {"type": "string"}, "file": NOT_GIVEN}},
        ]
    },
    "Picture.alt": texts(300),
    "Picture.file": {"pattern": f"^{FILE_NAME}(/{FILE_NAME}){{0,3}}$"},
    "Picture.url": {"maxLength": 2000, "pattern": "^https?://"},
    "Picture.options": {"maxProperties": 5},
    "Picture.width": {"minimum": 0, "maximum": 50_000},
    "Picture.height": {"minimum": 0, "maximum": 50_000},
    "Picture.widths": {"maxItems": 10, "items": {"type": "integer", "minimum": 1, "maximum": 50_000}},
    **{f"{name}.title": texts(200, 1) for name in ("CategoryInput", "CollectionInput")},
    "CategoryInput.description": texts(20_000, pattern=LINES),
    "CategoryInput.parent": SLUG,
    "CategoryInput.position": {"minimum": -1_000_000, "maximum": 1_000_000},
    "AttributeInput.label": texts(200, 1),
    "AttributeInput.values": {
        "maxProperties": 1000,
        "propertyNames": VALUE_CODE,
        "additionalProperties": {"type": "object", **texts(200, 1)},
    },
    "AttributeInput.order": {"maxItems": 1000, "items": {"type": "string", **VALUE_CODE}},
    "AttributeInput.type": {"enum": ["choice", "number", "boolean", "text"]},
    "AttributeInput.unit": {"minLength": 1, "maxLength": 20},
    **{f"{name}.language": {"minLength": 2, "maxLength": 20} for name in ("SynonymsInput", "PinsInput")},
    "SynonymsInput.terms": {
        "items": {"type": "string", "minLength": 1, "maxLength": 60, "pattern": PLAIN},
    },
    "PinsInput.query": {"pattern": PLAIN},
    **{
        f"{name}.products": {"items": {"type": "string", **SLUG}} for name in ("PinsInput", "CollectionInput")
    },
    "CollectionInput": {
        "oneOf": [
            {"required": ["rule"], "properties": {"rule": {"type": "object"}, "products": {"maxItems": 0}}},
            {"required": ["products"], "properties": {"products": {"minItems": 1}, "rule": NOT_GIVEN}},
        ]
    },
    "CollectionInput.description": texts(2000, pattern=LINES),
    "CollectionRule.attributes": {
        "maxProperties": 20,
        "propertyNames": CODE,
        "additionalProperties": {"type": "array", "minItems": 1, "maxItems": 50, "items": NAME},
    },
    "CollectionRule.prices": {"maxProperties": 200, "propertyNames": {"pattern": "^[A-Z]{3}$"}},
    "CollectionRule.stock": {"enum": ["in_stock", "few_left"]},
    "CollectionRule.newer_than_days": {"minimum": 1, "maximum": 3650},
    "CollectionRule.categories": {"maxItems": 50, "items": {"type": "string", **SLUG}},
    **{f"PriceBand.{name}": {"minimum": 0, "maximum": 10**15} for name in ("low", "high")},
    **{f"ProfileInput.accent_{theme}": {"pattern": "^(#[0-9A-Fa-f]{6})?$"} for theme in ("light", "dark")},
    "Logo.file": {"pattern": "^web-[0-9a-f]{24}$"},
    "Logo.widths": {
        "minItems": 1,
        "maxItems": 10,
        "items": {"type": "integer", "minimum": 1, "maximum": 12_000},
    },
    "Logo.width": {"minimum": 1, "maximum": 12_000},
    "Logo.height": {"minimum": 1, "maximum": 12_000},
    "TaxRate.country": {"pattern": "^[A-Z]{2}$"},
    "TaxRate.tax_class": LOOSE_CODE,
    "TaxRate.rate": {"pattern": r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$"},
    "DeliveryMethod.id": LOOSE_CODE,
    "DeliveryMethod.title": texts(120, 1),
    "DeliveryMethod.countries": {"maxItems": 300, "items": {"type": "string", "pattern": r"^([A-Z]{2}|\*)$"}},
    "DeliveryMethod.except_countries": {
        "maxItems": 300,
        "items": {"type": "string", "pattern": "^[A-Z]{2}$"},
    },
    "DeliveryMethod.prices": prices(0, 10**12),
    "DeliveryMethod.free_from": prices(0, 10**12),
    "DeliveryMethod.items_min": prices(0, 10**12),
    "DeliveryMethod.items_max": prices(0, 10**12),
    "DeliveryMethod.weight_g_max": {"minimum": 1, "maximum": 10**9},
    "DeliveryMethod.days_min": {"minimum": 0, "maximum": 365},
    "DeliveryMethod.days_max": {"minimum": 0, "maximum": 365},
    "DeliveryMethod.position": {"minimum": 0, "maximum": 10**6},
    "DeliveryMethod.tax_class": LOOSE_CODE,
    "Promotion.id": LOOSE_CODE,
    **{f"{name}.title": texts(120, 1) for name in ("Promotion", "PromotionInput")},
    **{f"{name}.position": {"minimum": 0, "maximum": 10**6} for name in ("Promotion", "PromotionInput")},
    **{f"{name}.not_with": NAMED for name in ("Promotion", "PromotionInput")},
    "Selection.products": NAMED,
    "Selection.categories": NAMED,
    "Selection.collections": NAMED,
    "Conditions.items_min": prices(0, AMOUNT_MAX),
    "Conditions.quantity_min": {"minimum": 0, "maximum": 10_000},
    "Conditions.channels": NAMED,
    "Conditions.groups": NAMED,
    "PercentOff.percent": PERCENT,
    "AmountOff.amounts": {**prices(0, AMOUNT_MAX), "minProperties": 1},
    "UnitPrice.prices": {**prices(0, AMOUNT_MAX), "minProperties": 1},
    "FreeDelivery.methods": NAMED,
    "BuyGet.buy": {"minimum": 1, "maximum": 10_000},
    "BuyGet.get": {"minimum": 1, "maximum": 10_000},
    "BuyGet.percent": PERCENT,
    "Tiered.tiers": {"minItems": 1, "maxItems": 20},
    "Tier": {
        "oneOf": [
            {"required": ["items"], "properties": {"items": {"minProperties": 1}, "quantity": NOT_GIVEN}},
            {
                "required": ["quantity"],
                "properties": {"quantity": {"type": "integer"}, "items": {"maxProperties": 0}},
            },
        ]
    },
    "Tier.percent": PERCENT,
    "Tier.items": prices(0, AMOUNT_MAX),
    "Tier.quantity": {"minimum": 0, "maximum": 10_000},
    "CodeInput.batch": {"pattern": f"^$|{PLAIN}"},
    "NewBatch.batch": {"pattern": PLAIN},
    "WantedItem.sku": {**SKU, "pattern": NO_CONTROLS},
    "WantedItem.quantity": {"minimum": 1, "maximum": 999_999},
    "PreviewFor.items": {"maxItems": 200},
    "PreviewFor.currency": {"pattern": "^[A-Z]{3}$"},
    "PreviewFor.country": {"pattern": "^[A-Za-z]{2}$"},
    "PreviewFor.codes": {"maxItems": 5},
    "PricingRules.tax_rates": {"maxItems": 2000},
    "PricingRules.delivery_methods": {"maxItems": 200},
}
