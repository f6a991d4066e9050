"""What is asked of every scene: no finding of axe, nothing sticking out, nothing moving, nothing heavy, all within reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Frame, Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")

# All that moved since the page began to load without anybody having done something.
SHIFTS = """async () => {
  let sum = 0;
  const add = (entries) => entries.forEach((entry) => (sum += entry.hadRecentInput ? 0 : entry.value));
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
  add(observer.takeRecords());
  observer.disconnect();
  return sum;
}"""
# To the end in steps of a screen, as somebody reads, so that pictures that wait for this are there; then back.
READ_TO_THE_END = """async () => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight) {
    scrollTo({ top, behavior: "instant" });
    await frames();
  }
  // Pictures far to the side of a strip wait on: theirs would never come.
  const beside = (box) => box.right < 0 || box.left > innerWidth;
  const seen = [...document.images].filter((image) => image.checkVisibility() && !beside(image.getBoundingClientRect()));
  await Promise.all(seen.map((image) => image.decode().catch(() => {})));
  scrollTo({ top: 0, behavior: "instant" });
  await frames();
}"""
# What makes the page scroll sideways, apart from what a box with an edge of its own holds back; and what stands beyond
# the left edge, where nobody can scroll.
TOO_WIDE = """() => {
  const root = document.documentElement;
  const held = (part) => part !== document.body && (getComputedStyle(part).overflowX !== "visible" || held(part.parentElement));
  const lost = [...document.body.querySelectorAll("a, button, input, select, textarea, label, p, h1, h2, h3")]
    .filter((part) => part.getBoundingClientRect().left < -1 && part.checkVisibility() && !held(part.parentElement));
  if (lost.length) return lost.map((part) => `lost at the left: ${part.cloneNode().outerHTML.slice(0, 90)}`).slice(0, 6);
  if (root.scrollWidth <= root.clientWidth) return [];
  const out = (part) => part.getBoundingClientRect().right > root.clientWidth + 1 && !held(part.parentElement);
  const wide = [...document.body.querySelectorAll("*")].filter(out);
  return [`${root.scrollWidth} in ${root.clientWidth}`, ...wide.map((part) => part.cloneNode().outerHTML.slice(0, 90))].slice(0, 6);
}"""
# Words cut off by their own box: the box is narrower than they are and hides or lets stick out the rest.
CUT_OFF = """() => {
  const found = [];
  for (const part of document.querySelectorAll("h1, h2, h3, p, a, button, summary, dt, dd, label, li, td, th, span, strong")) {
    if (!part.checkVisibility() || part.closest(".visually-hidden, .header__nav, pre, .table")) continue;
    const style = getComputedStyle(part);
    if (style.display === "inline" || style.textOverflow === "ellipsis" || part.clientWidth < 2) continue;
    if (part.scrollWidth > part.clientWidth + 1 && part.innerText?.trim()) found.push(part.outerHTML.slice(0, 120));
  }
  return found.slice(0, 6);
}"""
# On narrow windows a row is a card: a cell without its column's name is a number that says nothing.
NAMELESS = """() => [...document.querySelectorAll(".table td:not([data-label]):not(.table__lead)")]
  .filter((cell) => getComputedStyle(cell).display === "grid" && cell.checkVisibility() && cell.innerText.trim())
  .map((cell) => cell.outerHTML.slice(0, 120)).slice(0, 6)"""
# Everything that takes the focus can be brought into the window, and nothing lies over it.
OUT_OF_REACH = """() => {
  const above = document.querySelector("dialog[open], .tool-menu[open], .suggest");
  const stops = (above || document).querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']");
  const found = [];
  for (const stop of stops) {
    if (stop.disabled || stop.ariaHidden === "true" || !stop.checkVisibility({ visibilityProperty: true }) || stop.matches(".skip")) continue;
    stop.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = stop.getBoundingClientRect();
    const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 2);
    const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 1), innerHeight - 2);
    const inside = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
    const top = document.elementFromPoint(x, y);
    const own = top && (stop.contains(top) || top.contains(stop) || [...(stop.labels || [])].some((label) => label.contains(top)));
    if (!inside || !own) found.push(`${stop.outerHTML.slice(0, 120)} under ${top?.outerHTML.slice(0, 80)}`);
  }
  scrollTo({ top: 0, behavior: "instant" });
  return found.slice(0, 6);
}"""
# No waiting for a next frame here: a provider's frame below the window's end is drawn none.
SETTLED = """() => {
  for (const animation of document.getAnimations()) if (animation.playState === "running") animation.finish();
}"""
RUN_AXE = """async ([within, options]) => {
  const place = within ? { include: [...document.querySelectorAll(within)] } : document;
  const { violations } = await axe.run(place, { iframes: false, resultTypes: ["violations"], ...options });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`);
}"""
# HTML, style and script before compression; pictures and the provider's frame are not counted.
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter(({ entryType, name }) => entryType === "navigation" || /[.](css|js)$/.test(name))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""


# What a theme can break; everything else is the same in both.
OF_COLOUR = ("color-contrast", "link-in-text-block")


def objections(place: Page | Frame, *, besides: Sequence[str] = ()) -> list[str]:
    """What axe-core objects to, apart from colours and the rules of `besides`."""
    rules = {rule: {"enabled": False} for rule in (*OF_COLOUR, *besides)}
    return _axe(place, {"rules": rules})


def objections_to_colours(place: Page | Frame, *, within: str = "") -> list[str]:
    """What axe-core objects to in the colours of the present theme; `within` selects where to look, empty: everywhere."""
    return _axe(place, {"runOnly": list(OF_COLOUR)}, within)


def lay_ground(frame: Frame) -> None:
    """A frame lets the page's ground show through, which axe cannot see from within: it is put there."""
    ground = frame.frame_element().evaluate("frame => getComputedStyle(frame.parentElement).backgroundColor")
    frame.evaluate("ground => { document.documentElement.style.background = ground; }", ground)


def _axe(place: Page | Frame, options: dict[str, Any], within: str = "") -> list[str]:
    if not place.evaluate("Boolean(window.axe)"):
        place.evaluate(AXE.read_text("utf-8"))
    place.evaluate(SETTLED)
    return list(place.evaluate(RUN_AXE, [within, options]))
