"""The proxy before the replicas: its configuration for a layout, and changing it while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Collection
from pathlib import Path

from rialto.app import ALL
from rialto.cluster.inner_tls import inner_files
from rialto.cluster.layout import HOST, Layout
from rialto.engines.processes import CannotStart, PidFile
from rialto.kernel.clock import Clock
from rialto.proxy.certificates import LocalTls, ensure_local_ca
from rialto.proxy.nginx import render
from rialto.proxy.routes import routes_of
from rialto.proxy.site import Inside, Server, Site
from rialto.topology import topology_of

NAMES = ("localhost", HOST)
# What the port for the mail viewer is called in the layout.
MAILS = "mails"


class Front:
    """nginx for one layout, in a folder of its own."""

    def __init__(self, data: Path, layout: Layout, *, nginx: str) -> None:
        self._data = data
        self._layout = layout
        self._nginx = nginx
        self.folder = data / "front"
        self.file = self.folder / "nginx.conf"

    @property
    def command(self) -> tuple[str, ...]:
        return (self._nginx, "-p", str(self.folder), "-c", str(self.file))

    def prepare(self, clock: Clock) -> LocalTls:
        """Certificates and configuration, checked by nginx itself. Raises CannotStart."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        tls = ensure_local_ca(self._data / "tls", NAMES, clock)
        self.write(tls)
        self.check()
        return tls

    def write(self, tls: LocalTls, *, down: Collection[str] = ()) -> None:
        """The configuration, in which the replicas named in `down` get no requests."""
        groups = {
            group: tuple(
                Server(address=f"{HOST}:{replica.port}", down=replica.name in down)
                for replica in self._layout.of_group(group)
            )
            for group in self._layout.groups
        }
        site = Site(
            listen=f"{HOST}:{self._layout.port}",
            plain=f"{HOST}:{self._layout.plain_port}",
            names=NAMES,
            certificate=tls.certificate,
            key=tls.key,
            folder=self.folder,
            groups=groups,
            hsts_s=0,  # for localhost, whose other ports have no TLS
            user="root" if os.geteuid() == 0 else None,
            inside=self._inside(),
        )
        topology = topology_of(self._layout.topology, [service.name for service in ALL])
        fresh = self.file.with_suffix(".new")
        fresh.write_text(render(site, routes_of(topology, ALL)), encoding="utf-8")
        fresh.replace(self.file)

    def _inside(self) -> Inside:
        group = self._layout.group_with_mails
        files = inner_files(self._data)
        return Inside(
            listen=f"{HOST}:{self._layout.more_ports[MAILS]}",
            name=group,
            servers=tuple(f"{HOST}:{replica.ops_port}" for replica in self._layout.of_group(group)),
            certificate=files.certificate,
            key=files.key,
            ca=files.ca,
        )

    def check(self) -> None:
        """Raises CannotStart with what nginx says."""
        done = subprocess.run(
            [self._nginx, "-t", "-q", "-p", str(self.folder), "-c", str(self.file)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(
                f"nginx does not take its configuration: {done.stderr.strip().splitlines()[-1]}"
            )

    def reload(self) -> None:
        """Have the running proxy take up the configuration; connections it has are finished by its old workers."""
        process = PidFile(self._data / "run" / "nginx.pid").load_alive()
        if process is None:
            raise CannotStart("The proxy does not run.")
        os.kill(process.pid, signal.SIGHUP)
