"""Render the shop's pictures: `python demo/scenes/render.py` renders what is missing, `--only vase-arc` what matches.

Each picture becomes a PNG in the build folder (default: below the system's temporary folder), then three WebP widths
with a content hash in their name in src/rialto/demo/media. Afterwards run demo/build_catalogue.py.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from PIL import Image  # noqa: E402

import studio  # noqa: E402
from registry import PRODUCTS, Shot, shots  # noqa: E402

MEDIA = HERE.parents[1] / "src" / "rialto" / "demo" / "media"
RANGES = (
    "ceramics",
    "lighting",
    "textiles",
    "prints",
    "stationery",
    "storage",
    "glassware",
    "candles",
    "accents",
    "groups",
)
PIXELS = 600  # rendered width; 1200 px is an upscale, which the soft studio light forgives


def main() -> None:
    options = _options()
    options.build.mkdir(parents=True, exist_ok=True)
    MEDIA.mkdir(parents=True, exist_ok=True)
    for name in RANGES:
        importlib.import_module(name)
    wanted = [s for s in shots() if not options.only or any(part in s.name for part in options.only)]
    wanted.sort(
        key=lambda shot: shot.view_name != "front"
    )  # a run that is cut short still leaves a usable shop
    for shot in wanted:
        png = options.build / f"{shot.name}.png"
        if not options.publish and (options.only or not png.exists()):
            start = time.monotonic()
            render(shot, png, options.threads)
            print(f"{shot.name} {time.monotonic() - start:.1f} s", flush=True)
        if not options.draft and png.exists():
            publish(shot, png)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="*", help="parts of picture names; renders these again")
    parser.add_argument("--build", type=Path, default=Path(tempfile.gettempdir()) / "rialto-renders")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--publish", action="store_true", help="only turn finished PNGs into WebP")
    parser.add_argument("--draft", action="store_true", help="PNG only")
    return parser.parse_args()


def render(shot: Shot, png: Path, threads: int) -> None:
    studio.clear()
    PRODUCTS[shot.slug].build(shot.variant, shot.view_name)
    wide = {"hero": 1200, "category": 840}.get(shot.slug.split("-")[0])
    studio.shoot(shot.view, str(png), wide or PIXELS, threads)


def publish(shot: Shot, png: Path) -> None:
    """Write the three widths; the 1200 px one decides the hash, older versions of the picture go."""
    done = sorted(MEDIA.glob(f"{shot.name}-{HASH}-*.webp"))
    if done and done[0].stat().st_mtime > png.stat().st_mtime:
        return
    picture = Image.open(png).convert("RGB")
    widths = widths_of(shot)
    folder = Path(tempfile.mkdtemp())
    for width in widths:
        height = round(width * shot.view.aspect[1] / shot.view.aspect[0])
        scaled = picture.resize((width, height), Image.Resampling.LANCZOS)
        scaled.save(folder / f"{width}.webp", quality=QUALITY[width], method=4)
    digest = hashlib.sha256((folder / "1200.webp").read_bytes()).hexdigest()[:8]
    for old in MEDIA.glob(f"{shot.name}-{HASH}-*.webp"):
        old.unlink()
    for width in widths:
        (MEDIA / f"{shot.name}-{digest}-{width}.webp").write_bytes((folder / f"{width}.webp").read_bytes())


HASH = "[0-9a-f]" * 8
QUALITY = {400: 78, 800: 76, 1200: 72, 1920: 70}


def widths_of(shot: Shot) -> tuple[int, ...]:
    return (800, 1200, 1920) if shot.slug.startswith("hero-") else (400, 800, 1200)


if __name__ == "__main__":
    main()
