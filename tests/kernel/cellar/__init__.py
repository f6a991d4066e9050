"""The service that hears of bread; see `tests.kernel.bakery`."""

from __future__ import annotations
