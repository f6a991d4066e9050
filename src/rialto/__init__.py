"""Rialto, an e-commerce platform. Start reading at `app.py` and the service folders beside it."""

from __future__ import annotations

__version__ = "0.1.0"
