"""Style, script and drawings, named by their content so that they may be kept for ever.

At start every file of `static/` is read and hashed. The style parts are joined in the order of their names, those of a
folder below `css/` to a style of the folder's name, for the pages that need more than all do;
script modules import each other by plain names, which are rewritten to the hashed ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "static"
# The framework names the charset of texts.
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_IMPORT = re.compile(r'(from\s+"\./)([\w-]+)\.js"')
# Blanks that mean nothing: behind `:`, `;`, `,` and around braces and `>`. Those of other selectors and of sums stay.
_BLANK = re.compile(r"\s*([{};]|[:,](?=\s)|>)\s*")
_REMARK = re.compile(r"^\s*//.*\n", re.MULTILINE)
# What stands before a line of a script, and the zero of a fraction in a style (`0.5rem`): a page weighs 1.5 kB less.
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_ZERO = re.compile(r"(?<![\w.-])0(?=\.\d)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Asset(NamedTuple):
    name: str
    body: bytes
    type: str


class Assets:
    """All assets of a folder in memory. `url("shop.css")` is where a page finds one.

    `style` is what its style parts become together, behind those `borrowed`; `under` is where they are served.
    """

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        style: str = "shop.css",
        borrowed: Sequence[Path] = (),
        under: str = "/assets",
    ) -> None:
        self._under = under
        self._by_plain: dict[str, Asset] = {}
        self._scripts = {path.stem: path.read_text() for path in sorted((folder / "js").glob("*.js"))}
        self._add(style, _joined_style([*borrowed, *sorted((folder / "css").glob("*.css"))]))
        for more in sorted(path for path in (folder / "css").iterdir() if path.is_dir()):
            self._add(f"{more.name}.css", _joined_style(sorted(more.glob("*.css"))))
        for path in sorted((folder / "img").glob("*.svg")):
            self._add(path.name, path.read_bytes())
        for name in self._scripts:
            self._add_script(name, ())
        self.by_name = {asset.name: asset for asset in self._by_plain.values()}

    def url(self, plain: str) -> str:
        return f"{self._under}/{self._by_plain[plain].name}"

    def body(self, plain: str) -> bytes:
        return self._by_plain[plain].body

    def _add(self, plain: str, body: bytes) -> Asset:
        path = Path(plain)
        digest = hashlib.blake2b(body, digest_size=6).hexdigest()
        asset = Asset(f"{path.stem}-{digest}{path.suffix}", body, TYPES[path.suffix])
        self._by_plain[plain] = asset
        return asset

    def _add_script(self, name: str, importers: tuple[str, ...]) -> Asset:
        assert name not in importers, f"script modules import in a circle: {importers}"
        if known := self._by_plain.get(f"{name}.js"):
            return known

        def hashed(match: re.Match[str]) -> str:
            target = self._add_script(match[2], (*importers, name))
            return f'{match[1]}{target.name}"'

        script = _INDENT.sub("", _REMARK.sub("", self._scripts[name]))
        return self._add(f"{name}.js", _IMPORT.sub(hashed, script).encode())


@cache
def assets() -> Assets:
    return Assets()


def _joined_style(parts: Sequence[Path]) -> bytes:
    text = "".join(path.read_text() for path in parts)
    lines = (line.strip() for line in _COMMENT.sub("", text).splitlines())
    joined = _BLANK.sub(r"\1", "\n".join(line for line in lines if line)).replace(";}", "}")
    return _ZERO.sub("", joined).encode()
