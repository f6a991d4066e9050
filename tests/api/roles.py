"""Who may ask what, written down by hand: what routes declare is held against it."""

from __future__ import annotations

from collections.abc import Mapping

ANYBODY_ON_STAFF = {"read_me"}
READS_CATALOGUE = {
    *("list_all_products", "read_product", "list_all_categories", "list_attributes"),
    *("list_synonyms", "list_pins", "list_collections", "read_collection"),
}
WRITES_CATALOGUE = {
    *("create_product", "replace_product", "publish_product", "unpublish_product"),
    *("put_category", "put_attribute", "keep_picture"),
    *("put_synonyms", "remove_synonyms", "put_pins", "remove_pins"),
    *("put_collection", "remove_collection"),
}
READS_PRICES = {
    *("read_rules", "list_promotions", "read_promotion", "preview_promotions", "list_promotion_codes"),
}
WRITES_PRICES = {
    *("put_rules", "create_promotion", "replace_promotion", "end_promotion", "remove_promotion"),
    *("make_promotion_codes", "put_promotion_code", "block_promotion_code"),
}
READS_ORDERS = {"list_orders", "read_any_order", "read_timeline", "list_notes", "read_attention"}
READS_MAILS = {"list_mail_texts", "get_mail_text", "preview_mail_text"}
MODERATES = {"list_all_reviews", "read_review", "moderate_review"}
PEOPLE = {
    *("list_staff", "put_staff", "assign_roles"),
    *("list_roles", "put_role", "remove_role", "list_staff_actions"),
}

# By role the operations for staff that it may do.
MAY: Mapping[str, set[str]] = {
    "owner": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *WRITES_CATALOGUE,
        *READS_ORDERS,
        *MODERATES,
        *PEOPLE,
        *READS_PRICES,
        *WRITES_PRICES,
        *("read_stock", "put_stock", "list_channels", "put_profile"),
        *READS_MAILS,
        *("put_mail_text", "reset_mail_text", "read_currencies", "put_currencies"),
        *("read_channel", "put_channel"),
        *("ship_order", "receive_goods", "cancel_any_order", "refund_order", "add_note", "read_payments"),
    },
    "catalog": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *WRITES_CATALOGUE,
        *READS_PRICES,
        *WRITES_PRICES,
        *("read_stock", "put_stock"),
    },
    "fulfilment": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *READS_ORDERS,
        *("read_stock", "put_stock", "ship_order", "receive_goods", "add_note"),
    },
    "support": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *READS_ORDERS,
        *MODERATES,
        *("read_stock", "cancel_any_order", "refund_order", "add_note", "read_payments"),
    },
    "viewer": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *READS_ORDERS,
        *READS_PRICES,
        *("list_channels", "read_channel", "read_currencies", "read_stock", "read_payments"),
        *READS_MAILS,
    },
}
