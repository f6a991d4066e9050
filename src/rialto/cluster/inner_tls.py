"""The certificate by which a platform's processes know each other, from an authority that vouches for nothing else.

One for all of them: on one machine they are one user's, and have one folder.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from rialto.cluster.layout import HOST, Layout
from rialto.kernel.clock import Clock
from rialto.kernel.settings import InternalFiles
from rialto.proxy.certificates import SERVES_AND_CALLS, ensure_local_ca


def inner_files(data: Path) -> InternalFiles:
    folder = data / "tls-inside"
    return InternalFiles(certificate=folder / "server.pem", key=folder / "server.key", ca=folder / "ca.pem")


def ensure_inner_files(data: Path, layout: Layout, clock: Clock) -> InternalFiles:
    """Made now if it is not there or nears its end. It holds each group's name, and this machine's for programs that watch."""
    names = (*layout.groups, "localhost", HOST)
    files = inner_files(data)
    ensure_local_ca(files.ca.parent, names, clock, uses=SERVES_AND_CALLS)
    return files


def watching_tls(files: InternalFiles) -> ssl.SSLContext | None:
    """For commands that look at operations ports, which take nobody without a certificate; None while there are none."""
    try:
        context = ssl.create_default_context(cafile=str(files.ca))
        context.load_cert_chain(files.certificate, files.key)
    except OSError:
        return None
    return context


def settings_for(files: InternalFiles) -> dict[str, str]:
    """As environment."""
    return {
        "RIALTO_INTERNAL_CERTIFICATE": str(files.certificate),
        "RIALTO_INTERNAL_KEY": str(files.key),
        "RIALTO_INTERNAL_CA": str(files.ca),
    }
