"""How identity is plugged in.

Engines: `secrets` (kernel.secrets.Secrets), `keyring` (kernel.keys.Keyring), `passwords` (kernel.auth.Passwords), `keepers` (kernel.personal.Keepers),
`keyvalue` (kernel.keyvalue.KeyValues).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from rialto.identity.api import Identity
from rialto.identity.events import EVENTS
from rialto.identity.handlers import IdentityHandlers
from rialto.identity.handlers.erasing import ERASE_JOB
from rialto.identity.handlers.shared import Parts
from rialto.identity.model.sessions import RefreshTokens
from rialto.identity.model.tokens import LinkTokens
from rialto.identity.passkeys import Ceremonies
from rialto.identity.routes import ROUTES
from rialto.kernel.limits import Throttle
from rialto.kernel.personal import PersonalData
from rialto.kernel.secrets import Secrets
from rialto.kernel.service import Env, Job, Service

# Of one network address, over all accounts: thirty at once, then one in two seconds. An office may share one.
CLIENT_PER_S = 0.5
CLIENT_BURST = 30


def build(e: Env) -> IdentityHandlers:
    secrets: Secrets = e.engine("secrets")
    parts = Parts(
        passwords=e.engine("passwords"),
        keyring=e.engine("keyring"),
        tokens=RefreshTokens(secrets.derive("identity:refresh")),
        clients=Throttle(
            "sign-in", e.engine("keyvalue"), per_s=CLIENT_PER_S, burst=CLIENT_BURST, clock=e.clock
        ),
        links=LinkTokens(secrets.derive("identity:links")),
        keepers=e.engine("keepers"),
        ceremonies=Ceremonies(e.settings.public_url),
        shop_name=urlsplit(e.settings.public_url).hostname or "Rialto",
        secret=secrets.derive("identity:hashes").encode(),
    )
    return IdentityHandlers(e, parts)


SERVICE = Service(
    name="identity",
    api=Identity,
    package="rialto.identity",
    build=build,
    routes=ROUTES,
    jobs=(
        Job(name="identity.sweep", every_s=3600, run=lambda handlers: handlers.sweep()),
        Job(name=ERASE_JOB, every_s=60, run=lambda handlers: handlers.erase_due()),
    ),
    personal=PersonalData(
        export=lambda handlers, person: handlers.own_documents(person),
        erase=lambda handlers, person: handlers.forget_person(person),
    ),
    events=EVENTS,
    permissions=("customers.read", "customers.write", "staff.write", "staff.audit"),
    connections=2,
)
