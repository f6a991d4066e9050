"""Buying without a mouse: where the focus is, whether it can be seen, and getting on by Tab, Enter and Space."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Frame, Page

# What a person sees of the focused thing: its ring (an outline or a shadow on it or on what surrounds it) and that
# nothing lies over it. A frame's own fields are looked at in the frame.
SEEN = """() => {
  const element = document.activeElement;
  if (!element || element === document.body || element.localName === "iframe") return null;
  const ringed = (part, pseudo) => {
    const style = getComputedStyle(part, pseudo);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return outline || style.boxShadow !== "none";
  };
  let ring = false;
  for (let part = element; part && part !== document.body && !ring; part = part.parentElement)
    ring = part.matches(":focus-visible, :focus-within") && (ringed(part) || ringed(part, "::after"));
  if (element.labels) for (const label of element.labels) ring ||= ringed(label) || ringed(label, "::before");
  const box = element.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 2);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 1), innerHeight - 2);
  const top = document.elementFromPoint(x, y);
  const labelled = [...(element.labels || [])].some((label) => label.contains(top));
  const free = top && (element.contains(top) || top.contains(element) || labelled);
  return { what: element.outerHTML.slice(0, 160), ring, inside, free: Boolean(free) };
}"""

# Two stops in the order of the document; -1 when the focus went back without reason.
MARK = """() => {
  const element = document.activeElement;
  const before = window.lastStop;
  window.lastStop = element;
  if (!before || !before.isConnected || before === element) return 0;
  return before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1;
}"""

WHERE = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  // On the page as if nothing were scrolled, neither the window nor a strip in it.
  let [x, y] = [0, 0];
  for (let part = element; part; part = part.parentElement) [x, y] = [x + part.scrollLeft, y + part.scrollTop];
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const place = { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
  return { ...place, what: element.outerHTML.slice(0, 120), at_end: Boolean(element.closest("footer")) };
}"""
STOPS_MAX = 300


class Keyboard:
    """Presses keys and complains of every stop that cannot be seen or comes out of order."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def tab_to(self, selector: str, *, in_frame: Frame | None = None, presses_max: int = 90) -> None:
        """Tab until the focus stands on what `selector` names. Raises AssertionError for a bad stop on the way."""
        place: Any = in_frame or self._page
        for _ in range(presses_max):
            if place.evaluate("selector => Boolean(document.activeElement?.matches(selector))", selector):
                return
            self._page.keyboard.press("Tab")
            self._look()
        raise AssertionError(f"{selector} is out of the keyboard's reach")

    def every_stop(self) -> list[dict[str, Any]]:
        """Tab from the page's beginning to its end: what has the focus and where it stands, each stop looked at."""
        stops: list[dict[str, Any]] = []
        while len(stops) < STOPS_MAX:
            self._page.keyboard.press("Tab")
            stop = self._page.evaluate(WHERE)
            if stop is None or (stops and stop == stops[0]):
                return stops
            self._see()
            stops.append(stop)
        raise AssertionError(f"more than {STOPS_MAX} stops")

    def press(self, selector: str, key: str = "Enter") -> None:
        self.tab_to(selector)
        self._page.keyboard.press(key)

    def type(self, selector: str, text: str, *, in_frame: Frame | None = None) -> None:
        self.tab_to(selector, in_frame=in_frame)
        self._page.keyboard.type(text)

    def _look(self) -> None:
        order = self._page.evaluate(MARK)
        assert order >= 0, (
            f"the focus went back to {self._page.evaluate('document.activeElement.outerHTML')[:200]}"
        )
        self._see()

    def _see(self) -> None:
        for frame in self._page.frames:
            seen = frame.evaluate(SEEN)
            if seen and frame.evaluate("document.hasFocus()"):
                assert seen["ring"], f"no ring: {seen['what']}"
                assert seen["inside"], f"out of sight: {seen['what']}"
                assert seen["free"], f"covered: {seen['what']}"
