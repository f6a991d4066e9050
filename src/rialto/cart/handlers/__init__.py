"""What happens when carts are asked: one file per use case, put together here."""

from __future__ import annotations

from datetime import timedelta
from weakref import WeakValueDictionary

from rialto.cart.handlers.ending import FORGOTTEN_AFTER, Ending
from rialto.cart.handlers.merging import Merging
from rialto.cart.handlers.personal import Personal
from rialto.cart.handlers.shopping import Shopping
from rialto.cart.handlers.wishing import Wishing
from rialto.cart.peers import Peers
from rialto.kernel.clock import Clock
from rialto.kernel.db import Database
from rialto.kernel.ids import Ids


class CartHandlers(Shopping, Merging, Ending, Wishing, Personal):
    """Implements `Carts`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        peers: Peers,
        *,
        kept: timedelta = FORGOTTEN_AFTER,
        public_url: str = "",
    ) -> None:
        self.db = db
        self.clock = clock
        self.ids = ids
        self.peers = peers
        self.kept = kept
        self.public_url = public_url
        self.turns = WeakValueDictionary()
