"""What can be photographed: each product's builder, its visual variants and its views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from studio import View

Builder = Callable[[str, str], None]  # (variant, view name) → builds the product at the origin
PRODUCTS: dict[str, Product] = {}


@dataclass(frozen=True)
class Product:
    slug: str
    variants: tuple[str, ...]
    views: dict[str, View]
    backdrops: dict[str, str] = field(default_factory=dict)
    build: Builder = lambda variant, view: None


@dataclass(frozen=True)
class Shot:
    """One picture: its file stem, what stands there and how it is seen."""

    name: str
    slug: str
    variant: str
    view_name: str
    view: View


def product(
    slug: str,
    *variants: str,
    backdrops: str = "bone",
    front: View | None = None,
    detail: View | None = None,
    **more: View,
) -> Callable[[Builder], Builder]:
    """Register a builder. `backdrops` names one backdrop per variant, then one for the detail view (the last repeats)."""

    def register(build: Builder) -> Builder:
        views = {
            "front": front or View(),
            "detail": detail or View(azimuth=26, elevation=24, light="sun", close=1.5, lift=-0.12),
            **more,
        }
        names = backdrops.split()
        places = {
            key: names[min(i, len(names) - 1)] for i, key in enumerate([*(variants or ("",)), "detail"])
        }
        PRODUCTS[slug] = Product(slug, variants or ("",), views, places, build)
        return build

    return register


def shots() -> Iterator[Shot]:
    """The front view of every variant, the other views of the first."""
    for item in PRODUCTS.values():
        for variant in item.variants:
            for name, view in item.views.items():
                if name != "front" and variant != item.variants[0]:
                    continue
                place = item.backdrops[variant if name == "front" else "detail"]
                stem = "-".join(
                    part for part in (item.slug, variant, "" if name == "front" else name) if part
                )
                yield Shot(stem, item.slug, variant, name, replace(view, backdrop=place))
