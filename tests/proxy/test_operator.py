"""What an operator sets, and the command that writes it down."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from rialto.cli import render
from rialto.kernel.settings import Settings, read_settings
from rialto.kernel.settings_reader import SettingWrong
from rialto.proxy.site import Server, site_of
from tests.tidy.sources import ROOT

pytestmark = pytest.mark.fast

GIVEN = {
    "PUBLIC_URL": "https://shop.example",
    "PROXY_CERTIFICATE": "/etc/ssl/shop.pem",
    "PROXY_KEY": "/etc/ssl/shop.key",
}
SELL = "shop=10.0.0.1:8000,10.0.0.2:8000 sell=10.0.0.3:8000 work=10.0.0.4:8000 admin=10.0.0.5:8000"


def read(**changes: str) -> Settings:
    environment = {f"RIALTO_{name}": value for name, value in {**GIVEN, **changes}.items()}
    return read_settings(environment, data_default=Path("/somewhere/data"))


NGINX = argparse.Namespace(what="nginx", to=None)


def rendered(settings: Settings, what: str = "nginx") -> str:
    lines: list[str] = []
    assert render.run(argparse.Namespace(what=what, to=None), settings, lines.append) == 0
    return "\n".join(lines)


def test_a_shop_in_one_process_is_at_its_own_port() -> None:
    site = site_of(read(PORT="9000", HOST="0.0.0.0"), {"one"})
    assert site.groups == {"one": (Server(address="127.0.0.1:9000"),)}
    assert (site.names, site.listen, site.plain) == (("shop.example",), "0.0.0.0:443", "0.0.0.0:80")
    assert (site.folder, site.user, site.canary_percent) == (Path("/var/lib/rialto-proxy"), None, 0)
    assert site_of(read(HOST="::1"), {"one"}).groups["one"][0].address == "[::1]:8000"


def test_what_is_set_is_in_the_site() -> None:
    settings = read(
        TOPOLOGY="groups",
        PROXY_SERVERS=SELL,
        PROXY_NAMES="www.shop.example, shop.example",
        PROXY_PLAIN="none",
        PROXY_LISTEN="127.0.0.1:8443",
        PROXY_USER="www-data",
        PROXY_CANARY="shop=10.0.0.9:8000",
        PROXY_CANARY_PERCENT="5",
        PROXY_HSTS_SUBDOMAINS="1",
        CORS_ORIGINS="https://app.example",
        TRUSTED_PROXIES="10.0.0.0/8",
    )
    site = site_of(settings, {"shop", "sell", "work", "admin"})
    assert [server.address for server in site.groups["shop"]] == ["10.0.0.1:8000", "10.0.0.2:8000"]
    assert (site.names, site.plain, site.user) == (("shop.example", "www.shop.example"), None, "www-data")
    assert (site.canary_percent, site.origins, site.hsts_subdomains) == (5, ("https://app.example",), True)
    text = rendered(settings)
    assert "upstream shop.next {" in text
    assert "includeSubDomains" in text
    assert '"1 https://app.example" "https://app.example";' in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"PUBLIC_URL": "http://shop.example"}, "RIALTO_PUBLIC_URL must begin with https"),
        ({"PROXY_KEY": ""}, "RIALTO_PROXY_CERTIFICATE and RIALTO_PROXY_KEY"),
        ({"TOPOLOGY": "groups"}, "RIALTO_PROXY_SERVERS says nothing of admin, sell, shop, work"),
        ({"TOPOLOGY": "groups", "PROXY_SERVERS": "shop=10.0.0.1:8000"}, "says nothing of admin, sell, work"),
        ({"PROXY_SERVERS": "shop"}, "RIALTO_PROXY_SERVERS is 'shop'"),
        ({"PROXY_LISTEN": "443"}, "'443' is not an address with a port"),
        ({"PROXY_CANARY_PERCENT": "101"}, "RIALTO_PROXY_CANARY_PERCENT"),
        ({"PROXY_CANARY": "other=10.0.0.1:8000"}, "a canary for a group that is not there"),
        ({"PROXY_USER": "a;b"}, "'a;b' is not a user"),
    ],
)
def test_what_does_not_fit_is_one_sentence(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingWrong, match=sentence):
        render.run(NGINX, read(**changes), lambda _: None)


def test_a_shop_without_a_limit_has_none_in_front_but_for_passwords() -> None:
    assert "limit_req zone=guest" in rendered(read(RATE_LIMIT="5"))
    text = rendered(read(RATE_LIMIT="0"))
    assert [kind for kind in ("guest", "token", "staff", "sign_in") if f"limit_req zone={kind}" in text] == [
        "sign_in"
    ]


def test_who_does_not_trust_the_proxy_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rendered(read())
    assert "RIALTO_TRUSTED_PROXIES" in capsys.readouterr().err
    rendered(read(TRUSTED_PROXIES="127.0.0.1"))
    assert capsys.readouterr().err == ""


def test_what_the_operations_guide_sets_is_rendered() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8").split("\n## Behind nginx\n")[1]
    [block] = re.findall(r"```sh\n(.*?)```", guide.split("\n## ")[0], re.DOTALL)
    exported = [line.removeprefix("export ") for line in block.splitlines() if line.startswith("export ")]
    told = dict(word.split("=", 1) for line in exported for word in shlex.split(line))
    text = rendered(read_settings(told, data_default=Path("/somewhere/data")))
    upstreams = re.findall(r"upstream (\S+) {", text)
    assert upstreams == ["admin", "sell", "shop", "work"]
    assert "user www-data;" in text


def test_the_command_takes_nginx_and_nothing_else() -> None:
    parser = argparse.ArgumentParser()
    render.add_arguments(parser)
    assert parser.parse_args(["nginx"]).what == "nginx"
    with pytest.raises(SystemExit):
        parser.parse_args(["apache"])
