"""What happens when identity is asked: one file per use case, put together here."""

from __future__ import annotations

import structlog

from rialto.identity.handlers.addresses import AddressCases
from rialto.identity.handlers.customers import CustomerCases
from rialto.identity.handlers.emails import EmailCases
from rialto.identity.handlers.erasing import ErasingCases
from rialto.identity.handlers.groups import GroupCases
from rialto.identity.handlers.passkeys import PasskeyCases
from rialto.identity.handlers.second_factors import SecondFactorCases
from rialto.identity.handlers.sessions import SessionCases
from rialto.identity.handlers.signing_in import SigningInCases
from rialto.identity.handlers.staff import StaffCases
from rialto.identity.store.sweeping import sweep

log = structlog.get_logger("rialto.identity")


class IdentityHandlers(
    SigningInCases,
    SessionCases,
    CustomerCases,
    EmailCases,
    ErasingCases,
    AddressCases,
    GroupCases,
    SecondFactorCases,
    PasskeyCases,
    StaffCases,
):
    """Implements `Identity`."""

    async def sweep(self) -> int:
        """Settle what was cut short and delete what is old; how many rows were deleted."""
        settled = await self.settle_claims()
        async with self.db.write() as session:
            count = await sweep(session, self.clock.now(), self.env.settings.keep)
        if settled or count:
            log.info("swept", rows=settled + count)
        return count
