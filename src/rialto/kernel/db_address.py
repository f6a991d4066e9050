"""Where a PostgreSQL database is, and what must hold before it is believed that it is the one.

    postgresql://user:password@host:port/name?host=/socket/folder&sslmode=…&sslrootcert=…&pooler=transaction

`sslmode` and `sslrootcert` mean what they mean to PostgreSQL's own programs; without `sslrootcert` (or with `system`)
the authorities of this machine count. A Unix socket has no TLS.
"""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from msgspec.structs import replace

from rialto.kernel.service import Frozen

# These ask for a certificate that is looked at; of `require` only when an authority is named, as elsewhere.
VERIFYING = frozenset({"require", "verify-ca", "verify-full"})
SSL_MODES = VERIFYING | {"disable", "allow", "prefer"}


class DatabaseAddress(Frozen):
    """Where a PostgreSQL database is. `host` may be the folder of its Unix socket, `ca` a file of authorities.

    `pooled`: a pooler in transaction mode stands there, and the next transaction may be another server connection's.
    `direct` is then the way past it. What needs a session of its own (LISTEN, migrations and their lock) goes to `session`.
    """

    host: str
    port: int = 5432
    database: str = "rialto"
    user: str
    password: str | None = None
    sslmode: str = "prefer"
    ca: str | None = None
    pooled: bool = False
    direct: DatabaseAddress | None = None

    @property
    def session(self) -> DatabaseAddress:
        return self.direct or self

    @property
    def is_local(self) -> bool:
        """Reached by a Unix socket."""
        return self.host.startswith("/")

    def as_user(self, user: str, password: str) -> DatabaseAddress:
        direct = self.direct.as_user(user, password) if self.direct else None
        return replace(self, user=user, password=password, direct=direct)

    def behind_pooler(self, direct: DatabaseAddress) -> DatabaseAddress:
        """The same, told that a pooler stands there and what the way past it is."""
        return replace(self, pooled=True, direct=direct)


def parse_database_url(url: str, *, ca: str | None = None) -> DatabaseAddress:
    """ValueError for anything else than in the head of this file. `ca` counts where the URL names no authorities."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = query.get("sslrootcert", [ca or ""])[0]
    pooler = query.get("pooler", [""])[0]
    address = DatabaseAddress(
        host=query.get("host", [parts.hostname or "127.0.0.1"])[0],
        port=parts.port or int(query.get("port", ["5432"])[0]),
        database=unquote(parts.path.lstrip("/")) or "postgres",
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password) if parts.password else None,
        sslmode=query.get("sslmode", ["prefer"])[0],
        ca=named if named not in {"", "system"} else None,
        pooled=pooler == "transaction",
    )
    nowhere = not (parts.hostname or "host" in query)
    wrong = address.sslmode not in SSL_MODES or pooler not in {"", "transaction"}
    if parts.scheme not in {"postgresql", "postgres"} or nowhere or wrong:
        raise ValueError("not the URL of a PostgreSQL database")
    return address
