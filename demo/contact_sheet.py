"""Put rendered pictures side by side to judge them: `python demo/contact_sheet.py OUT.jpg [PNG or WebP …]`.

Without pictures it takes the 400 px file of every product's first image in the catalogue.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image

DEMO = Path(__file__).resolve().parents[1] / "src" / "rialto" / "demo"
CELL = 200


def main() -> None:
    out, *named = sys.argv[1:]
    paths = [Path(name) for name in named] or first_images()
    columns = min(len(paths), 10)
    rows = -(-len(paths) // columns)
    sheet = Image.new("RGB", (columns * CELL, rows * CELL * 5 // 4), "white")
    for index, path in enumerate(paths):
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((CELL, CELL * 5 // 4))
        sheet.paste(picture, (index % columns * CELL, index // columns * CELL * 5 // 4))
    sheet.save(out, quality=82)


def first_images() -> list[Path]:
    catalogue = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
    return [
        DEMO / "media" / f"{p['images'][0]['file']}-400.webp" for p in catalogue["products"] if p["images"]
    ]


if __name__ == "__main__":
    main()
