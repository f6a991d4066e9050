"""How the API's description writes amounts by currency."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CHANNEL: Json = {"pattern": "^[a-z0-9][a-z0-9_-]{0,39}$"}


def prices(least: int, most: int) -> Json:
    """Minor units by currency."""
    return {
        "propertyNames": {"pattern": "^[A-Z]{3}$"},
        "additionalProperties": {"type": "integer", "minimum": least, "maximum": most},
        "maxProperties": 200,
    }


def own_prices(least: int, most: int) -> Json:
    """The same by shop front."""
    return {
        "propertyNames": CHANNEL,
        "additionalProperties": {"type": "object", **prices(least, most)},
        "maxProperties": 50,
    }
