"""What happens when pricing is asked: one file per noun, put together here."""

from __future__ import annotations

from rialto.pricing.handlers.codes import Codes
from rialto.pricing.handlers.promoting import Promoting
from rialto.pricing.handlers.quoting import Quoting
from rialto.pricing.handlers.ruling import Ruling


class PricingHandlers(Quoting, Ruling, Promoting, Codes):
    """Implements `Pricing`."""
