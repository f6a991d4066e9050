"""Secrets made at first start, kept in one file that only its owner may read.

Holds the key that database passwords and keyed digests are derived from, the Ed25519 key that signs access
tokens, and what the shop and the sandbox provider share. Rotation replaces the file; see docs.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from rialto.kernel.errors import RialtoError
from rialto.kernel.ids import Ids
from rialto.kernel.service import Frozen


class SecretsBroken(RialtoError):
    code = "secrets_broken"


class Secrets(Frozen):
    """`root` and the others are text; `signing_key` is a PKCS 8 PEM."""

    root: str
    signing_key: str
    sandbox_secret_key: str
    sandbox_publishable_key: str
    sandbox_webhook_secret: str

    def derive(self, purpose: str) -> str:
        """A secret of its own for one purpose, 64 hex digits (HMAC-SHA-256 of the root)."""
        return hmac.new(self.root.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    def database_password(self, role: str) -> str:
        return self.derive(f"database:{role}")


def make_secrets(ids: Ids) -> Secrets:
    """Fresh ones. The signing key comes from `ids` too, so that a simulated run can be replayed."""
    seed = hashlib.sha256(ids.token(320).encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return Secrets(
        root=ids.token(320),
        signing_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        sandbox_secret_key=f"sk_sandbox_{ids.token()}",
        sandbox_publishable_key=f"pk_sandbox_{ids.token()}",
        sandbox_webhook_secret=f"whsec_{ids.token(256)}",
    )


def load_or_make_secrets(path: Path, ids: Ids) -> Secrets:
    """The file's secrets; made and written with rights 0600 when there is none.

    Raises SecretsBroken when it cannot be read or written, is damaged, or others may read it.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return _make(path, ids)
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
        beside.replace(path)
    except OSError as error:
        raise SecretsBroken(f"{path} cannot be written: {error}") from None
    finally:
        with suppress(OSError):  # never made, or in its place
            beside.unlink()


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
