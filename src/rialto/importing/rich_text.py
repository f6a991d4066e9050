"""Texts with markup as plain texts: paragraphs, lists and headings with line breaks between them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

_ITEM = "– "


def plain_text(value: Any) -> str:
    """The text of a block document, as an object or as its JSON; any other text has its markup taken off.

    What a document holds beside text (pictures, embedded films) is not there afterwards.
    """
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value) if value.lstrip().startswith("{") else value
    if isinstance(value, str):
        return _without_markup(value)
    blocks = value.get("blocks") if isinstance(value, dict) else None
    texts = [_block(one) for one in blocks] if isinstance(blocks, list) else []
    return "\n\n".join(text for text in texts if text)


def _block(block: Any) -> str:
    data = block.get("data") if isinstance(block, dict) else None
    if not isinstance(data, dict):
        return ""
    if isinstance(data.get("items"), list):
        return "\n".join(f"{_ITEM}{text}" for text in _items(data["items"]))
    parts = [data.get("text"), data.get("caption")]
    return "\n".join(_without_markup(part) for part in parts if isinstance(part, str) and part)


def _items(items: list[Any]) -> Iterator[str]:
    """List items are texts, or objects with a text and items below it."""
    for item in items:
        if isinstance(item, str):
            yield _without_markup(item)
        elif isinstance(item, dict):
            if isinstance(item.get("content"), str):
                yield _without_markup(item["content"])
            if isinstance(item.get("items"), list):
                yield from _items(item["items"])


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        if tag == "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _without_markup(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    lines = "".join(parser.parts).replace("\xa0", " ").split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()
