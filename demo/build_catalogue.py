"""Write src/rialto/demo/catalogue.json from demo/catalogue/*.py and the pictures in src/rialto/demo/media.

Run it after editing texts or rendering pictures. The output is committed; the shop reads only the JSON.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from itertools import product as combinations
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "src" / "rialto" / "demo"
sys.path.insert(0, str(HERE / "catalogue"))

import accents  # noqa: E402
import ceramics  # noqa: E402
import glassware  # noqa: E402
import lighting  # noqa: E402
import prints  # noqa: E402
import stationery  # noqa: E402
import storage  # noqa: E402
import terms  # noqa: E402
import textiles  # noqa: E402
from source import Item  # noqa: E402

RANGES = (ceramics, lighting, textiles, prints, stationery, storage, glassware, accents)
HASH = "[0-9a-f]" * 8
SEEN_BY = ("colour", "frame", "scent")  # options that change the picture


def main() -> None:
    items = [item for module in RANGES for item in module.ITEMS]
    catalogue = {
        "attributes": [attribute(code) for code in terms.ATTRIBUTES],
        "categories": [category(slug, i) for i, slug in enumerate(terms.CATEGORIES, 1)],
        "heroes": [picture for name, alt in terms.HEROES.items() for picture in pictures(name, {}, alt)],
        "products": [product(item) for item in items],
    }
    text = json.dumps(catalogue, ensure_ascii=False, indent=1) + "\n"
    (DEMO / "catalogue.json").write_text(text, encoding="utf-8")
    count = sum(len(p["images"]) for p in catalogue["products"])
    print(
        f"{len(items)} products, {sum(len(p['variants']) for p in catalogue['products'])} variants, {count} images"
    )


def both(words: tuple[str, str]) -> dict[str, str]:
    return {"en": words[0], "de": words[1]}


def attribute(code: str) -> dict[str, Any]:
    label, kind, unit, filterable, values = terms.ATTRIBUTES[code]
    return {
        "code": code,
        "label": both(label),
        "type": kind,
        "unit": unit,
        "filterable": filterable,
        "values": {key: both(words) for key, words in values.items()},
    }


def category(slug: str, position: int) -> dict[str, Any]:
    parent, title, text = terms.CATEGORIES[slug]
    found = pictures(f"category-{slug}", {}, title)
    entry: dict[str, Any] = {
        "slug": slug,
        "parent": parent,
        "position": position,
        "title": both(title),
        "description": both(text),
    }
    return entry | ({"image": found[0]} if found else {})


def product(item: Item) -> dict[str, Any]:
    numbers = {
        key: str(value) if isinstance(value, float) else value for key, value in item.attributes.items()
    }
    return {
        "slug": item.slug,
        "title": both(item.title),
        "description": both(item.text),
        "category": item.category,
        "tax_class": "reduced" if item.reduced else "standard",
        "attributes": numbers,
        "options": list(item.options),
        "variants": variants(item),
        "images": images(item),
        "related": list(item.related),
        "featured": item.featured,
        "created_on": f"2026-{3 + draw(item.slug, 7):02d}-{1 + draw(item.slug + 'day', 28):02d}",
    }


def variants(item: Item) -> list[dict[str, Any]]:
    choices = [
        [(v if isinstance(v, tuple) else (v, 0, 1.0)) for v in values] for values in item.options.values()
    ]
    found = []
    for chosen in combinations(*choices):
        ending = "-".join(value for value, _, _ in chosen)
        eur = item.eur + sum(surcharge for _, surcharge, _ in chosen)
        weight = float(item.grams)
        for _, _, factor in chosen:
            weight *= factor
        sku = "-".join(part for part in (item.slug, ending) if part).upper()
        low = [stock for key, stock in item.stock.items() if key == ending]
        berlin, rotterdam = low[0] if low else (6 + draw(sku, 40), 10 + draw(sku + "r", 90))
        found.append(
            {
                "sku": sku,
                "options": {option: value for option, (value, _, _) in zip(item.options, chosen)},
                "prices": {"EUR": eur, "USD": dollars(eur)},
                "weight_g": round(weight),
                "stock": {"berlin": berlin, "rotterdam": rotterdam},
                "gtin": None,
            }
        )
    return found


def dollars(eur: int) -> int:
    """Eight per cent up, rounded to whole dollars: shop prices, not an exchange rate."""
    return -(-eur * 108 // 10000) * 100


def draw(seed: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") % below


def images(item: Item) -> list[dict[str, Any]]:
    option = next((o for o in item.options if o in SEEN_BY), None)
    if option is None:
        return _views(item, item.slug, {}, "", "")
    found: list[dict[str, Any]] = []
    for value in item.options[option]:
        words = terms.ATTRIBUTES[option][4][value]
        found += _views(item, f"{item.slug}-{value}", {option: value}, f", {words[0]}", f", {words[1]}")
    return found


def _views(item: Item, stem: str, options: dict[str, str], en: str, de: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for view, words in terms.VIEWS.items():
        alt = (item.title[0] + en + words[0], item.title[1] + de + words[1])
        found += pictures(stem + ("" if view == "front" else f"-{view}"), options, alt)
    return found


def pictures(stem: str, options: dict[str, str], alt: tuple[str, str]) -> list[dict[str, Any]]:
    """The picture of this name with all its widths; nothing when it is not rendered yet."""
    names = sorted(p.name[: -len(".webp")] for p in (DEMO / "media").glob(f"{stem}-{HASH}-*.webp"))
    if not names:
        return []
    file = names[0].rsplit("-", 1)[0]
    widths = sorted(int(name.rsplit("-", 1)[1]) for name in names)
    width, height = webp_size((DEMO / "media" / f"{file}-{widths[-1]}.webp").read_bytes())
    entry: dict[str, Any] = {
        "file": file,
        "alt": both(alt),
        "options": options,
        "widths": widths,
        "width": width,
        "height": height,
    }
    if stem.startswith(("hero-", "category-")):
        del entry["options"]
    return [entry]


def webp_size(data: bytes) -> tuple[int, int]:
    """Pixel size from a lossy WebP header."""
    at = data.index(b"\x9d\x01\x2a") + 3
    width, height = struct.unpack("<HH", data[at : at + 4])
    return width & 0x3FFF, height & 0x3FFF


if __name__ == "__main__":
    main()
