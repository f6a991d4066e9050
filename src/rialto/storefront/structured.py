"""What machines read on a page: schema.org objects for products and for the way to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from rialto.search.api import CategoryLink, ProductDetail, Variant
from rialto.storefront.visit import Visit

_AVAILABILITY = {"in_stock": "InStock", "few_left": "LimitedAvailability", "sold_out": "SoldOut"}


def product(visit: Visit, detail: ProductDetail, image_urls: list[str]) -> dict[str, Any]:
    """A Product with one Offer per variant that has a price."""
    url = visit.absolute(f"/{visit.language}/p/{detail.slug}")
    offers = [_offer(variant, url) for variant in detail.variants if variant.price]
    described: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": detail.title,
        "description": detail.description,
        "sku": detail.variants[0].sku if detail.variants else detail.id,
        "url": url,
        "image": [visit.absolute(image) for image in image_urls],
        "offers": offers,
    }
    if detail.variants and detail.variants[0].gtin:
        described["gtin"] = detail.variants[0].gtin
    if detail.rating and detail.rating.count:
        described["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": f"{detail.rating.average // 100}.{detail.rating.average % 100:02d}",
            "reviewCount": detail.rating.count,
        }
    return described


def breadcrumb(visit: Visit, path: list[CategoryLink], title: str | None = None) -> dict[str, Any]:
    """The way from the home page; `title` is the page itself, where it is not a category."""
    steps: list[tuple[str, str | None]] = [(visit.texts("nav.home"), visit.absolute(f"/{visit.language}/"))]
    steps += [(link.title, visit.absolute(f"/{visit.language}/c/{link.slug}")) for link in path]
    if title:
        steps.append((title, None))
    items = [
        {"@type": "ListItem", "position": number, "name": name} | ({"item": url} if url else {})
        for number, (name, url) in enumerate(steps, 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def website(visit: Visit) -> dict[str, Any]:
    home = visit.absolute(f"/{visit.language}/")
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": visit.shop_name,
        "url": home,
        "inLanguage": visit.language,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{home}search?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }


def _offer(variant: Variant, url: str) -> dict[str, Any]:
    assert variant.price is not None
    offer = {
        "@type": "Offer",
        "sku": variant.sku,
        "price": variant.price.decimal(),
        "priceCurrency": variant.price.currency,
        "itemCondition": "https://schema.org/NewCondition",
        "url": f"{url}?{urlencode(variant.options)}" if variant.options else url,
    }
    if variant.availability != "unknown":
        offer["availability"] = f"https://schema.org/{_AVAILABILITY.get(variant.availability, 'InStock')}"
    return offer
