"""What two tools find that look for weak TLS and try to be slow. Short runs; skipped where they are not installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rialto.proxy.site import Rates
from tests.proxy.running import Proxy, a_proxy, needs_nginx

pytestmark = needs_nginx

RATES = Rates(guest_per_s=1000, guest_burst=1000, requests_at_once=10)
HOST = "127.0.0.1"
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return COLOURS.sub("", done.stdout + done.stderr)


@needs("sslscan")
def test_sslscan_finds_nothing(tmp_path: Path) -> None:
    with a_proxy(tmp_path) as proxy:
        found = run("sslscan", "--no-colour", f"127.0.0.1:{proxy.port}")
    protocols = dict(re.findall(r"^((?:SSL|TLS)v[\d.]+) +(enabled|disabled)$", found, re.MULTILINE))
    assert {name for name, state in protocols.items() if state == "enabled"} == {"TLSv1.2", "TLSv1.3"}
    assert len(protocols) == 6
    ciphers = re.findall(r"^(?:Preferred|Accepted) +\S+ +(\d+) bits +(\S+)", found, re.MULTILINE)
    assert len(ciphers) >= 5
    for bits, name in ciphers:
        assert int(bits) >= 128
        assert re.fullmatch(r"TLS_(?:AES|CHACHA20)\w+|ECDHE-\w+-(?:AES\d+-GCM|CHACHA20)-\w+", name), name
    assert "Session renegotiation not supported" in found
    assert "Server supports TLS Fallback SCSV" in found
    assert len(re.findall(r"^TLSv1\.[23] not vulnerable to heartbleed$", found, re.MULTILINE)) == 2
    assert "vulnerable" not in found.replace("not vulnerable", "")


def slowly(proxy: Proxy, *options: str, seconds: int) -> str:
    """What slowhttptest told. The shop was there all the time."""
    port = proxy.port
    address = f"https://{HOST}:{port}/en/cart"
    told = run(
        *("slowhttptest", *options, "-c", "60", "-r", "60", "-l", str(seconds), "-p", "3", "-u", address)
    )
    available = re.findall(r"service available: +(\w+)", told)
    assert available, told
    assert set(available) == {"YES"}
    return told


@needs("slowhttptest")
def test_who_never_ends_his_headers_is_let_go(tmp_path: Path) -> None:
    with a_proxy(tmp_path, rates=RATES) as proxy:
        assert "No open connections left" in slowly(proxy, "-H", "-i", "3", seconds=20)


@needs("slowhttptest")
def test_who_never_ends_his_bodies_has_as_many_at_once_as_anybody(tmp_path: Path) -> None:
    with a_proxy(tmp_path, rates=RATES) as proxy:
        told = slowly(proxy, "-B", "-i", "3", seconds=13)
        # A body that is not whole has not reached the shop.
        assert {asked.method for asked in proxy.asked} <= {"GET"}
    connected = re.findall(r"^connected: +(\d+)$", told, re.MULTILINE)
    assert int(connected[-1]) <= RATES.requests_at_once


@needs("slowhttptest")
@pytest.mark.parametrize(
    "options",
    [("-X", "-w", "1", "-y", "20", "-n", "1", "-z", "5", "-k", "3"), ("-R",)],
    ids=["reads", "ranges"],
)
def test_who_reads_slowly_or_in_a_thousand_parts_keeps_nobody_out(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    with a_proxy(tmp_path, rates=RATES) as proxy:
        slowly(proxy, *options, seconds=6)
