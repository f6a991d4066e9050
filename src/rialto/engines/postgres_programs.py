"""PostgreSQL's own programs, talking to the embedded server: `psql`, `pg_basebackup`, `pg_dump`.

Passwords and statements reach them by environment and standard input, never by a command line: that everybody can read.
"""

from __future__ import annotations

from rialto.engines.embedded_postgres import PostgresAddress
from rialto.engines.postgres_files import reason
from rialto.engines.postgres_install import Installation
from rialto.engines.processes import CannotStart


class Programs:
    """A running server and the programs that talk to it. `failed` begins the sentence that says that one could not."""

    def __init__(self, installation: Installation, address: PostgresAddress, *, failed: str) -> None:
        self.installation = installation
        self._address = address
        self._failed = failed

    def connection(self) -> list[str]:
        place = [f"--host={self._address.socket_folder}", f"--port={self._address.port}"]
        return [*place, f"--username={self._address.user}", "--no-password"]

    def run(self, program: str, *arguments: str, stdin: str = "") -> str:
        """What it said. Raises CannotStart."""
        done = self.installation.run(program, *arguments, stdin=stdin, password=self._address.password)
        if done.returncode != 0:
            raise CannotStart(f"{self._failed}: {reason(done.stderr)}")
        return done.stdout.strip()

    def ask(self, statement: str) -> str:
        """The one value, or the lines of a column. Raises CannotStart."""
        plain = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
        where = [f"--dbname={self._address.database}", *self.connection()]
        return self.run("psql", *plain, *where, stdin=f"{statement};\n")
