"""What a request that fits its schema may still be refused for: rules between fields, and what there is to name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Of lists: a cursor is only good if it comes from one.
CURSOR = {"cursor_invalid", "cursor:not_valid"}
VIEW = {"channel_unknown", "currency_unknown", "currency_not_offered", "language_not_offered"}
# Which languages, currencies and attributes there are is the shop's own choice.
TEXTS = {"en:required"}
PICTURE = {"url:not_valid"}
PRODUCT = {
    *TEXTS,
    *PICTURE,
    "attribute_unknown",
    "currency_unknown",
    "channel_unknown",
    "duplicate",
    "options_incomplete",
    "value_not_valid",
    "compare_at_not_higher",
    # Any year is a date to a schema, and an end may stand before its beginning.
    "publish_at:not_valid",
    "unpublish_at:not_valid",
    "ends_before_start",
}
# By country: which of its lines an address needs, and how its postal codes look.
ADDRESS = {
    *("country_unknown", "region_unknown", "postal_code_unknown"),
    *("city:required", "postal_code:required", "region:required"),
}
# Known currencies, and of promotions those that are not the one meant, an end after the start.
PROMOTION = {
    f"{field}:not_valid"
    for field in ("id", "not_with", "amounts", "prices", "items_min", "items", "starts_at", "ends_at")
}
REVIEW = {"links_not_allowed", "markup_not_allowed"}
MAIL_TEXT = {"placeholder_unknown", "placeholder_malformed", "not_plain", "required"}

# By operation: the codes of problems, or of their fields; `field:code` where a code says too little.
BEYOND_SCHEMA: Mapping[str, set[str]] = {
    "list_products": {*VIEW, *CURSOR, "range_empty"},
    "get_product": VIEW,
    "list_categories": VIEW,
    "browse_collections": VIEW,
    "suggest": VIEW,
    "create_cart": {"channel_unknown"},
    "add_line": {"cart_limit", "sku_not_sold"},
    "add_code": {"code_not_valid"},
    "set_address": ADDRESS,
    "set_delivery": {"delivery_not_available"},
    "place_order": {
        *("cart_empty", "address_missing", "delivery_missing", "payment_missing", "payments_not_valid"),
        *("provider_unknown", "card_number_refused", "currency_unknown"),
    },
    "take_webhook": {"provider_unknown"},
    "create_product": PRODUCT,
    "replace_product": PRODUCT,
    # Whether bytes are a picture, only their content says.
    "keep_picture": {"picture_not_valid"},
    "put_category": {*TEXTS, *PICTURE, "options:not_valid", "category_cycle", "category_unknown"},
    # `values` is for choices only, and `order` names some of them.
    "put_attribute": {*TEXTS, "value_unknown", "values:not_valid"},
    # Languages and products are the shop's own; terms must differ and hold letters or digits.
    "put_synonyms": {"language_not_offered", "too_few", "too_many_words", "terms:not_valid"},
    "put_pins": {"language_not_offered", "query:not_valid", "product_unknown"},
    # A rule has a condition, names what there is and holds no empty range.
    "put_collection": {
        *(*TEXTS, "slug:reserved", "rule:required", "range_empty", "product_unknown", "category_unknown"),
        *("attribute_unknown", "value_not_valid", "currency_unknown"),
    },
    # What can be printed, of which SKUs are made, is a matter of Unicode, not of a pattern.
    "put_stock": {"warehouse_unknown", "sku_not_valid"},
    "put_profile": {
        "page_unknown",
        "language_unknown",
        "email:not_valid",
        "contrast_too_low",
        "logo:not_valid",
    },
    # Which placeholders a mail knows is its own; a subject is one line.
    "read_currencies": {"currency_unknown"},
    "put_currencies": {"currency_unknown", "default_not_offered"},
    # Host names are one shop front's each, and the default one has none.
    "put_channel": {
        *("currency_unknown", "language_unknown", "country_unknown", "code_not_valid", "too_many"),
        *("host_not_valid", "host_taken", "hosts:not_valid", "own_prices:not_valid", "default_stays_open"),
    },
    "put_mail_text": MAIL_TEXT,
    "preview_mail_text": MAIL_TEXT,
    # Each country, class and method once, known countries and currencies, the longest time not the shortest.
    "put_rules": {
        f"{field}:not_valid"
        for field in (
            *("tax_rates", "delivery_methods", "country", "countries", "except_countries"),
            *("prices", "free_from", "items_min", "items_max", "days_max"),
        )
    },
    "create_promotion": PROMOTION,
    "replace_promotion": PROMOTION,
    "preview_promotions": {
        *("sku_not_sold", "currency_unknown", "country_unknown", "channel_unknown"),
        *("delivery_not_available", "amount_too_large", "at:not_valid"),
    },
    "list_promotion_codes": CURSOR,
    # A code's letters, and its use by another promotion or more often than that.
    "put_promotion_code": {"code:not_valid", "voucher:not_valid", "ends_at:not_valid"},
    "make_promotion_codes": {"ends_at:not_valid"},
    "list_orders": CURSOR,
    "list_own_orders": CURSOR,
    "list_staff_actions": CURSOR,
    "read_wishlist": {"channel_unknown"},
    "add_wish": {"sku_not_sold"},
    "move_wish": {"sku_not_sold", "cart_limit", "channel_unknown"},
    "reorder": {"sku_not_sold"},
    "add_address": {*ADDRESS, "idempotency_key_reused"},
    "change_address": ADDRESS,
    "change_account": {"consents:not_valid"},
    "put_staff": {"role_unknown"},
    "assign_roles": {"role_unknown"},
    **{name: {"link_not_valid"} for name in ("verify_email", "take_back_email", "reset_password")},
    **{name: {"link_not_valid"} for name in ("confirm_waiting", "end_waiting")},
    "wait_for_stock": {"sku_not_sold", "email:not_valid"},
    "list_reviews": CURSOR,
    "list_all_reviews": CURSOR,
    "write_review": REVIEW,
    "edit_review": REVIEW,
    "refund_order": {"currency_unknown", "amount:not_valid"},
    # What is fit for sale is among what came back, and lies somewhere.
    "receive_goods": {"warehouse_unknown", "warehouse:required", "fit:more_fit_than_back"},
}
ODD_TEXT = {"not_valid", "required", "sku_not_valid"}


def is_refused_beyond_schema(operation: str, problem: Mapping[str, Any], sent: object) -> bool:
    """Whether all that the problem names are rules that no schema could have told."""
    allowed = BEYOND_SCHEMA.get(operation, set())
    found = [(_field(fault["path"]), fault["code"]) for fault in problem.get("errors", [])]
    if not found:
        return problem["code"] in allowed
    # What can be printed is a matter of Unicode's tables, not of a pattern.
    odd = ODD_TEXT if any(map(_is_odd, _texts(sent))) else set()
    return all(code in allowed or f"{field}:{code}" in allowed or code in odd for field, code in found)


def _field(path: str) -> str:
    """The last name in a path, without indexes."""
    names = path.replace("[", ".").replace("]", "").split(".")
    return next((part for part in reversed(names) if not part.isdigit()), "")


def _is_odd(text: str) -> bool:
    shown = " ".join(text.split())
    return not shown or not shown.isprintable()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
