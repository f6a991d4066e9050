"""In the back office: files are handed in, what they would change is looked at, then it is done; and the shop's own texts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.e2e.scenes.scene import Scene, Tour
from tests.e2e.scenes.working import enter, hire, of_admin

IMPORT = of_admin("import", "import", "#files")
IMPORT_PROBLEMS = of_admin("import-problems", "import", "#problems")
IMPORT_PREVIEW = of_admin("import-preview", "import", "#refused")
SETTINGS = of_admin("settings", "settings", "#imprint-en")
SETTINGS_PROBLEMS = of_admin("settings-problems", "settings", "#problems")
SETTINGS_COLOUR = of_admin("settings-colour", "settings", "#accent_light-error")
IMPORT_DONE = of_admin("import-done", "import", ".table ~ p .button[href='/admin/products']")


def take_over(tour: Tour) -> Iterator[Scene]:
    page, slug = tour.page, tour.name("urn")
    staff = f"{tour.name('import')}@staff.test"
    hire(tour.shop, staff, "owner")
    page.goto(f"{tour.shop.url}/admin/import")
    enter(page, staff)
    yield IMPORT
    head = "slug,sku,title_en,title_de,price_EUR,stock_berlin,colour_of_label\n"
    good = f"{slug},{slug.upper()},Urn,Urne,12.50,4,red\n"
    page.set_input_files("#files", {"name": "goods.csv", "mimeType": "text/csv", "buffer": b"slug\n\x00"})
    page.locator("main form .button").click()
    yield IMPORT_PROBLEMS
    goods = (head + good + f"{slug}-bad,,Bad,Schlecht,1,,\n").encode()
    page.set_input_files("#files", {"name": "goods.csv", "mimeType": "text/csv", "buffer": goods})
    page.locator("main form .button").click()
    yield IMPORT_PREVIEW
    page.locator("main form .button").click()
    yield IMPORT_DONE
    page.goto(f"{tour.shop.url}/admin/settings")
    yield SETTINGS
    page.fill("#imprint-en", "x" * 20)
    page.fill("#email", "a@b")
    page.locator("main form.form--full .button").click()
    yield SETTINGS_PROBLEMS
    page.goto(f"{tour.shop.url}/admin/settings")
    page.fill("#accent_light", "#ff0000")
    page.locator("main form.form--full .button").click()
    yield SETTINGS_COLOUR
