"""A shop's own name and texts: at once on its pages and in its mails, never over somebody else's change."""

from __future__ import annotations

import pytest

from rialto.catalog.api import Catalog, ShopProfile
from rialto.catalog.model.profile import decide_profile
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid, VersionConflict
from rialto.kernel.service import Nothing
from rialto.notifications.api import ListMails, MailRef, Notifications
from tests.admin.merchants_desk import Browser, back_office


async def profile_of(desk: Browser) -> ShopProfile:
    return (await desk.shop.app[Catalog].channels(Nothing())).items[0].profile


@pytest.mark.anyio
async def test_the_shops_own_name_and_texts_count_at_once(postgres: DatabaseAddress) -> None:
    async with back_office(postgres) as desk:
        form = await desk.form("/settings", "/admin/settings")
        plain = (await desk.web.get("/en/pages/imprint")).text
        assert "Sample text" in plain
        assert "A demonstration shop" in plain, "without a name it is one"
        assert "mailto:" not in plain
        mine = form | {
            "name": "Lamps & More",
            "email": "hello@example.com",
            "notice-en": "Free delivery until Sunday",
            "imprint-en": "Lamps & More Ltd\r\n1 High Street\r\n\r\nRegister: 12",
        }
        assert "done=settings_saved" in await desk.post("/settings", mine)
        await desk.shop.settle()
        page = (await desk.web.get("/en/pages/imprint")).text
        assert "Lamps &amp; More Ltd" in page
        assert "Sample text" not in page
        assert "Free delivery until Sunday" in page
        assert '<a href="mailto:hello@example.com">hello@example.com</a>' in page
        assert "A demonstration shop" not in (await desk.web.get("/de/pages/imprint")).text, (
            "it has a name now"
        )
        assert "· Lamps &amp; More</title>" in page
        assert (
            "Beispiel" in (await desk.web.get("/de/pages/imprint")).text
        )  # what is not written stays a sample
        order = (await desk.shop.buy("PENCIL")).order
        await desk.shop.settle()
        mails = desk.shop.app[Notifications]
        [row] = (await mails.list(ListMails(to=order.email))).items
        mail = await mails.get(MailRef(id=row.id))
        assert "Lamps & More, " in mail.text
        assert mail.reply_to == "hello@example.com"
        # A second one who had the page open is shown the difference, and overwrites nothing.
        theirs = await desk.post("/settings", form | {"name": "Lamps"}, status=409)
        assert "Lamps &amp; More" in theirs
        assert (await profile_of(desk)).name == "Lamps & More"
        again = await desk.form("/settings", "/admin/settings")
        for wrong in ({"email": "nobody"}, {"name": "x" * 61}, {"notice-en": "x" * 201}):
            assert 'id="problems"' in await desk.post("/settings", again | wrong, status=422)
        assert (await profile_of(desk)).version == 1


KNOWN = ShopProfile(name="Lamps", pages={"imprint": {"en": "Here"}}, version=3)


@pytest.mark.fast
@pytest.mark.parametrize(
    "wrong",
    [
        ShopProfile(name="a\x00b"),
        ShopProfile(email="a b@c.d"),
        ShopProfile(notice={"fr": "Bonjour"}),
        ShopProfile(pages={"about": {"en": "Us"}}),
        ShopProfile(pages={"imprint": {"en": "x" * 30_001}}),
        ShopProfile(pages={"imprint": {"e n": "Here"}}),
    ],
)
def test_what_cannot_be_shown_is_refused(wrong: ShopProfile) -> None:
    with pytest.raises(Invalid):
        decide_profile(KNOWN, wrong, 3, ["en", "de"])


@pytest.mark.fast
def test_a_change_is_based_on_what_is_there_and_the_same_again_is_none() -> None:
    wanted = ShopProfile(name=" Lamps ", notice={"en": " "}, pages={"imprint": {"en": "Here\r\n", "de": ""}})
    assert decide_profile(KNOWN, wanted, 1, ["en", "de"]) is KNOWN
    with pytest.raises(VersionConflict):
        decide_profile(KNOWN, ShopProfile(), 2, ["en"])
    assert decide_profile(KNOWN, ShopProfile(), 3, ["en"]) == ShopProfile(version=4)
