"""What happens when reviews are asked, one file per use case."""

from __future__ import annotations

from rialto.kernel.limits import Throttle
from rialto.kernel.secrets import Secrets
from rialto.kernel.service import Env
from rialto.orders.api import Orders
from rialto.reviews.handlers.following import Following
from rialto.reviews.handlers.moderating import Moderating
from rialto.reviews.handlers.reading import Reading
from rialto.reviews.handlers.writing import Writing

# Of one household: six reports at once, then one in ten minutes.
REPORTS_PER_S = 1 / 600
REPORTS_BURST = 6


class ReviewHandlers(Writing, Reading, Moderating, Following):
    """Implements `Reviews`; the job calls `follow`."""

    def __init__(self, env: Env) -> None:
        secrets: Secrets = env.engine("secrets")
        self.env = env
        self.documents = env.engine("documents")
        self.orders = env[Orders]
        self.clients = Throttle(
            "reports", env.engine("keyvalue"), per_s=REPORTS_PER_S, burst=REPORTS_BURST, clock=env.clock
        )
        self.secret = secrets.derive("reviews:clients").encode()
