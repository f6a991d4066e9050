"""The names that a Saleor dump gives things, as far as an import must know them. Tables only."""

from __future__ import annotations

from collections.abc import Mapping

# Models that are read, and which of their fields.
USED: Mapping[str, frozenset[str]] = {
    model: frozenset(fields.split())
    for model, fields in {
        "channel.channel": "slug currency_code name",
        "product.producttype": "kind weight is_shipping_required name slug has_variants",
        "product.category": "slug name parent description background_image background_image_alt",
        "product.categorytranslation": "category language_code name description",
        "product.product": "product_type name slug description category created_at weight",
        "product.producttranslation": "product language_code name description",
        "product.productchannellisting": "product channel is_published currency",
        "product.productvariant": "product sku name sort_order weight track_inventory",
        "product.productvariantchannellisting": "variant channel currency price_amount prior_price_amount",
        "product.productmedia": "product image external_url alt type sort_order",
        "product.variantmedia": "variant media",
        "attribute.attribute": "slug name type input_type unit entity_type filterable_in_storefront",
        "attribute.attributetranslation": "attribute language_code name",
        "attribute.attributevalue": "attribute name slug sort_order boolean numeric date_time rich_text plain_text"
        " reference_page reference_page_id reference_product",
        "attribute.attributevaluetranslation": "attribute_value language_code name",
        "attribute.attributeproduct": "attribute product_type sort_order",
        "attribute.attributevariant": "attribute product_type sort_order variant_selection",
        "attribute.assignedproductattributevalue": "product value sort_order",
        "attribute.assignedvariantattribute": "variant assignment",
        "attribute.assignedvariantattributevalue": "value assignment sort_order",
        "warehouse.warehouse": "slug name",
        "warehouse.stock": "warehouse product_variant quantity",
        "discount.sale": "name type start_date end_date categories collections products variants",
        "discount.salechannellisting": "sale channel discount_value currency",
    }.items()
}

# What a record belongs to: the field that names it, and its model.
OWNERS: Mapping[str, tuple[str, str]] = {
    "product.categorytranslation": ("category", "product.category"),
    "product.producttranslation": ("product", "product.product"),
    "product.productchannellisting": ("product", "product.product"),
    "product.productvariant": ("product", "product.product"),
    "product.productvariantchannellisting": ("variant", "product.productvariant"),
    "product.productmedia": ("product", "product.product"),
    "product.variantmedia": ("media", "product.productmedia"),
    "attribute.attributetranslation": ("attribute", "attribute.attribute"),
    "attribute.attributevalue": ("attribute", "attribute.attribute"),
    "attribute.attributevaluetranslation": ("attribute_value", "attribute.attributevalue"),
    "attribute.assignedproductattributevalue": ("product", "product.product"),
    "attribute.assignedvariantattribute": ("variant", "product.productvariant"),
    "attribute.assignedvariantattributevalue": ("assignment", "attribute.assignedvariantattribute"),
    "warehouse.stock": ("product_variant", "product.productvariant"),
    "discount.salechannellisting": ("sale", "discount.sale"),
}

# Fields that hold nothing of their own: places in a tree, indexes, amounts reckoned from others.
BOOKKEEPING = frozenset(
    {
        "lft", "rght", "tree_id", "level", "search_vector", "search_document", "search_index_dirty", "updated_at",
        "created_at", "description_plaintext", "discounted_price_amount", "default", "ppoi", "to_remove", "oembed_data",
        "published_at", "available_for_purchase_at", "storefront_search_position",
    }
)  # fmt: skip

# What is so here anyway; only another value is worth a line of the report.
ASSUMED: Mapping[str, object] = {
    "is_active": True,
    "visible_in_listings": True,
    "visible_in_storefront": True,
    "filterable_in_dashboard": True,
    "available_in_grid": True,
}

# Why a whole kind of records has no place, by how its name begins.
REASONS: Mapping[str, str] = {
    "menu.": "menus follow the categories here",
    "page.": "pages of text are not kept here",
    "product.collection": "there are no collections; featured products are marked as such",
    "shipping.": "ways of delivery are set in the shop, with their zones and tax",
    "warehouse.": "warehouses are set up in the shop",
    "giftcard.": "gift cards are not issued here",
    "account.": "customers and staff are not read from this format",
    "order.": "orders are not imported",
    "site.": "the shop has its own settings",
}
