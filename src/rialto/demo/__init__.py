"""The demo shop's goods: about eighty products written and photographed for this project, as data.

`catalogue.json` holds categories, attributes, products, prices and stock; `media/` holds the pictures it names, in
three widths each. Both are made by the scripts in the repository's `demo/` folder and only read here, by `rialto seed`.
"""

from __future__ import annotations

from pathlib import Path

CATALOGUE: Path = Path(__file__).parent / "catalogue.json"
MEDIA: Path = Path(__file__).parent / "media"
