"""The colours of the shop's world: product colours and backdrops, as sRGB hex. Catalogue colour values are keys of COLOURS."""

from __future__ import annotations

COLOURS: dict[str, str] = {
    "amber": "#c8772a",
    "black": "#1d1c1c",
    "blue": "#3f6487",
    "brass": "#c79a4b",
    "celadon": "#a9c2b0",
    "chalk": "#efebe3",
    "charcoal": "#3f4144",
    "clay": "#b57a5e",
    "clear": "#f7faf8",
    "cobalt": "#1f3fa0",
    "cream": "#eadfc8",
    "green": "#3f7a58",
    "grey": "#9b9a96",
    "ink": "#25334a",
    "moss": "#66703f",
    "mustard": "#cf9a2e",
    "night": "#2c3550",
    "oak": "#b98a58",
    "oat": "#d8cab1",
    "ochre": "#c68a35",
    "olive": "#6f6b41",
    "petrol": "#1f5a63",
    "red": "#b8372b",
    "rose": "#d59a92",
    "rust": "#a8502f",
    "sage": "#93a488",
    "sand": "#cdb492",
    "sky": "#8fb3c9",
    "smoke": "#6f6a68",
    "terracotta": "#b9603f",
    "walnut": "#5f4030",
    "lilac": "#a99bc0",
    "lemon": "#e3c95a",
}

BACKDROPS: dict[str, str] = {
    "bone": "#e8e0d3",
    "sand": "#dcc9ad",
    "clay": "#c79b80",
    "blush": "#e4cabd",
    "sage": "#bfc6b0",
    "mist": "#c8d2d6",
    "slate": "#7f8a92",
    "honey": "#dcb36c",
    "dusk": "#4a4e57",
    "plum": "#8d6f76",
    "teal": "#6f9391",
    "paper": "#f0ece4",
    "umber": "#6d5546",
}


def linear(name: str, alpha: float = 1.0) -> tuple[float, float, float, float]:
    """A palette name or "#rrggbb" as scene-linear RGBA, the form Blender's sockets expect."""
    text = COLOURS.get(name) or BACKDROPS.get(name) or name
    channels = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return (r, g, b, alpha)


def mixed(first: str, second: str, share: float) -> str:
    """A hex colour `share` of the way from first to second, mixed in sRGB."""
    a, b = (COLOURS.get(n) or BACKDROPS.get(n) or n for n in (first, second))
    pairs = [(int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)
