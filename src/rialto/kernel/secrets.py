"""Secrets made at first start, kept in one file that only its owner may read.

Holds the key that database passwords and keyed digests are derived from, the Ed25519 key that signs access
tokens, and what the shop and the sandbox provider share. Rotating replaces the file with one in which former keys
still stand: public halves while tokens of theirs run, and what sealed before.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import Ids
from rialto.kernel.service import Frozen


class SecretsBroken(RialtoError):
    code = "secrets_broken"


class FormerSigningKey(Frozen):
    """The public half of a key that signs no more, as a PEM, and until when its tokens are taken."""

    public_key: str
    until: datetime


class Secrets(Frozen):
    """`root` and the others are text; `signing_key` is a PKCS 8 PEM.

    What is sealed is sealed with keys of `sealing_root`, or of `root` in a file of an earlier release.
    """

    root: str
    signing_key: str
    sandbox_secret_key: str
    sandbox_publishable_key: str
    sandbox_webhook_secret: str
    sealing_root: str = ""
    former_sealing_roots: tuple[str, ...] = ()
    former_signing_keys: tuple[FormerSigningKey, ...] = ()

    def derive(self, purpose: str) -> str:
        """A secret of its own for one purpose, 64 hex digits (HMAC-SHA-256 of the root)."""
        return _derived(self.root, purpose)

    def sealing_keys(self, purpose: str) -> tuple[str, ...]:
        """The key that seals for a purpose now, and those that did before, the newest first."""
        return tuple(_derived(root, purpose) for root in self.sealing_roots)

    @property
    def sealing_roots(self) -> tuple[str, ...]:
        return (self.sealing_root or self.root, *self.former_sealing_roots)

    def database_password(self, role: str) -> str:
        return self.derive(f"database:{role}")


def _derived(root: str, purpose: str) -> str:
    return hmac.new(root.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def make_secrets(ids: Ids) -> Secrets:
    """Fresh ones. The signing key comes from `ids` too, so that a simulated run can be replayed."""
    return Secrets(
        signing_key=_signing_key(ids),
        root=ids.token(320),
        sandbox_secret_key=f"sk_sandbox_{ids.token()}",
        sandbox_publishable_key=f"pk_sandbox_{ids.token()}",
        sandbox_webhook_secret=f"whsec_{ids.token(256)}",
    )


def rotated(secrets: Secrets, ids: Ids, *, now: datetime, accepted: timedelta) -> Secrets:
    """With another key that signs and another that seals. Former keys' tokens are taken for `accepted` at the longest."""
    public = _private(secrets.signing_key).public_key()
    former = FormerSigningKey(
        public_key=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        until=now + accepted,
    )
    before = [
        FormerSigningKey(public_key=one.public_key, until=min(one.until, former.until))
        for one in secrets.former_signing_keys
    ]
    return msgspec.structs.replace(
        secrets,
        signing_key=_signing_key(ids),
        former_signing_keys=tuple(one for one in (former, *before) if one.until > now),
        sealing_root=ids.token(320),
        former_sealing_roots=secrets.sealing_roots,
    )


def resealed(secrets: Secrets) -> Secrets:
    """After everything was sealed anew: one former key stays, for what a process sealed that had not looked yet."""
    return msgspec.structs.replace(secrets, former_sealing_roots=secrets.former_sealing_roots[:1])


def renewed(secrets: Secrets | None, ids: Ids) -> Secrets:
    """All anew. What was sealed before can still be opened, if there is a file that can be read."""
    fresh = make_secrets(ids)
    if secrets is None:
        return fresh
    return msgspec.structs.replace(fresh, former_sealing_roots=secrets.sealing_roots)


def _signing_key(ids: Ids) -> str:
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(ids.token(320).encode()).digest())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _private(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SecretsBroken(
            "The signing key of the secrets file is no Ed25519 key; run `rialto secrets renew`."
        )
    return key


def load_or_make_secrets(path: Path, ids: Ids) -> Secrets:
    """The file's secrets; made and written with rights 0600 when there is none.

    Raises SecretsBroken when it cannot be read or written, is damaged, or others may read it.
    """
    return _make(path, ids) if _is_missing(path) else read_secrets(path)


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:  # told by whoever reads it
        return False
    return False


def read_secrets(path: Path) -> Secrets:
    """The file's. Raises SecretsBroken when it cannot be read, is damaged, or others may read it."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SecretsBroken(f"{path} cannot be used as the secrets file: {error}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise SecretsBroken(f"{path} may be read by others; run: chmod 600 {path}")
    return _read(path)


def _read(path: Path) -> Secrets:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Secrets)
    except (OSError, msgspec.MsgspecError) as error:
        raise SecretsBroken(f"{path} cannot be used as the secrets file: {error}") from None


def replace_secrets(path: Path, secrets: Secrets, ids: Ids) -> None:
    """Write these in place of whatever is there, with rights 0600, at once or not at all. Raises SecretsBroken."""
    beside = _beside(path, ids)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(beside, secrets)
        _keep_owner(beside, path)
        beside.replace(path)
    except OSError as error:
        raise SecretsBroken(f"{path} cannot be written: {error}") from None
    finally:
        with suppress(OSError):  # never made, or in its place
            beside.unlink()


def bring_back(path: Path, kept: Path, ids: Ids) -> Secrets:
    """The secrets of a shop whose database comes from a backup, which has the file `kept`: the shop's own, if it has
    any, which from now on open what the kept ones sealed. Raises SecretsBroken.

    The kept ones do not replace the shop's: they may have been renewed because somebody had seen them.
    """
    theirs = read_secrets(kept)
    ours = theirs if _is_missing(path) else read_secrets(path)
    more = tuple(root for root in theirs.sealing_roots if root not in ours.sealing_roots)
    whole = msgspec.structs.replace(ours, former_sealing_roots=(*ours.former_sealing_roots, *more))
    replace_secrets(path, whole, ids)
    return whole


def _keep_owner(fresh: Path, path: Path) -> None:
    """Run by root for a shop of another user, the shop must be able to read the file afterwards, too."""
    with suppress(FileNotFoundError, PermissionError):
        found = path.stat()
        os.chown(fresh, found.st_uid, found.st_gid)


def _make(path: Path, ids: Ids) -> Secrets:
    secrets = make_secrets(ids)
    beside = _beside(path, ids)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(beside, secrets)
        # A link fails where the name exists: of two first starts one wins and both read the same file.
        os.link(beside, path)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise SecretsBroken(f"{path} cannot be written: {error}") from None
    finally:
        with suppress(OSError):  # never made
            beside.unlink()
    return secrets


def _beside(path: Path, ids: Ids) -> Path:
    return path.with_name(f"{path.name}.{ids.token(60)}.new")


def _write_new(path: Path, secrets: Secrets) -> None:
    content = msgspec.json.format(msgspec.json.encode(secrets))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
