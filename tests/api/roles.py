"""Who may ask what, written down by hand: what routes declare is held against it."""

from __future__ import annotations

from collections.abc import Mapping

ANYBODY_ON_STAFF = {"read_me"}
READS_CATALOGUE = {
    *("list_all_products", "read_product", "list_all_categories", "list_attributes"),
    *("list_synonyms", "list_pins"),
}
WRITES_CATALOGUE = {
    *("create_product", "replace_product", "publish_product", "unpublish_product"),
    *("put_category", "put_attribute"),
    *("put_synonyms", "remove_synonyms", "put_pins", "remove_pins"),
}
READS_ORDERS = {"list_orders", "read_any_order", "read_timeline", "list_notes", "read_attention"}
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
        *("read_stock", "put_stock", "read_rules", "put_rules"),
        *("ship_order", "cancel_any_order", "refund_order", "add_note", "read_payments"),
    },
    "catalog": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *WRITES_CATALOGUE,
        *("read_stock", "put_stock", "read_rules", "put_rules"),
    },
    "fulfilment": {
        *ANYBODY_ON_STAFF,
        *READS_CATALOGUE,
        *READS_ORDERS,
        *("read_stock", "put_stock", "ship_order", "add_note"),
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
        *("read_stock", "read_rules", "read_payments"),
    },
}
