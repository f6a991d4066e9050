"""What a scene is, and who walks from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page, Route

from tests.e2e.running_shop import RunningShop


@dataclass(frozen=True)
class Scene:
    """A state of a page as somebody meets it.

    `templates` are the files it is made of, below `src/rialto`; `shows` selects what is seen in this state and not in
    the one before. A scene that is not `whole` is one window, such as a dialog over a page that does not scroll. Where a
    page repeats itself, `sample` selects each kind of its parts once.
    """

    name: str
    templates: tuple[str, ...]
    shows: str = "h1"
    whole: bool = True
    sample: str = ""


def of_shop(name: str, page: str, shows: str = "h1", *, whole: bool = True) -> Scene:
    """A scene on a page of the storefront."""
    return Scene(name, (f"storefront/templates/pages/{page}.html",), shows, whole)


def of_provider(name: str, page: str, shows: str = "h1") -> Scene:
    """A scene on a page of the sandbox provider."""
    return Scene(name, (f"sandbox/templates/{page}.html",), shows)


@dataclass(frozen=True)
class Tour:
    """A window in which scenes are walked through, in one language."""

    shop: RunningShop
    page: Page
    language: str

    def open(self, path: str = "") -> None:
        self.page.goto(self.address(path))

    def address(self, path: str = "") -> str:
        return f"{self.shop.url}/{self.language}/{path}"

    def name(self, kind: str) -> str:
        """Of a product, an address or an e-mail that only this tour uses."""
        return f"scene-{kind}-{self.language}"


Walk = Callable[[Tour], Iterator[Scene]]


def without(header: str) -> Callable[[Route], None]:
    """A page without one of its headers: that turns it by itself, or forbids it the scripts that look at it."""

    def answer(route: Route) -> None:
        got = route.fetch(max_redirects=0)
        kept = {name: value for name, value in got.headers.items() if name != header}
        route.fulfill(response=got, headers=kept)

    return answer
