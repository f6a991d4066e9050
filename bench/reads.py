"""How far is a cached product read from the limit? CPU per request, beside nginx serving the same bytes from a file."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.machine import cpu_seconds, descendants, free_ports
from bench.shop import Shop

SECONDS = 8
CONNECTIONS = 32


def measure(shop: Shop) -> str:
    if shutil.which("nginx") is None or shutil.which("wrk") is None:
        return "cached read        skipped: nginx and wrk are needed (Debian: apt install nginx-light wrk)"
    slug = re.search(rb'"slug":"([^"]+)"', get(f"{shop.url}/v1/products?limit=1"))
    if slug is None:
        raise SystemExit("the shop has no product")
    path = f"/v1/products/{slug[1].decode()}"
    body = get(shop.url + path)
    workers = shop.pids("serve")
    ours = load(f"{shop.url}{path}", workers)
    with tempfile.TemporaryDirectory(prefix="rialto-bench-nginx-") as name:
        limit = _nginx(Path(name), body)
    return (
        f"cached read        {ours[0] * 1e6:6.0f} µs CPU per request, {ours[1]:7.0f} requests/s ({len(body)} bytes); "
        f"nginx {limit[0] * 1e6:4.0f} µs, {limit[1]:7.0f}/s; ratio {ours[0] / limit[0]:.1f}"
    )


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
    return body


def load(url: str, pids: list[int], *, seconds: int = SECONDS) -> tuple[float, float]:
    """CPU seconds per request of these processes, and requests per second, under wrk on keep-alive connections."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", url]
    before = cpu_seconds(pids)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(pids) - before
    done = int(re.findall(r"(\d+) requests in", said)[0])
    if "Non-2xx" in said:
        raise SystemExit(f"not every answer was good: {said}")
    return used / done, done / seconds


def _nginx(folder: Path, body: bytes) -> tuple[float, float]:
    port = free_ports(1)[0]
    folder.chmod(0o755)
    (folder / "product").write_bytes(body)
    (folder / "nginx.conf").write_text(
        f"""worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; keepalive_requests 1000000; default_type application/json; sendfile on; open_file_cache max=10;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"""
    )
    process = subprocess.Popen(
        ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}/product"
        for _ in range(100):
            try:
                get(url)
                break
            except OSError:
                time.sleep(0.05)
        return load(url, descendants(process.pid))
    finally:
        process.terminate()
        process.wait(10)
