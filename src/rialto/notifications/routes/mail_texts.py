"""What mails say, for staff."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing
from rialto.notifications.api import (
    PASSAGE_LENGTHS_MAX,
    MailPreview,
    MailText,
    MailTextChanged,
    MailTextInvalid,
    MailTextNotFound,
    MailTextRef,
    MailTexts,
    Notifications,
    Passages,
    PreviewMailText,
    PutMailText,
    ResetMailText,
)

TAG = "staff: settings"
READ = [requires("settings.read")]
WRITE = [requires("settings.write")]
PLACE = "/v1/admin/mail-texts"
ONE = f"{PLACE}/{{mail_kind:str}}/{{mail_language:str}}"
EXAMPLE = {
    "subject": "Your order {order_number}",
    "headline": "Thank you!",
    "greeting": "Dear {name},",
    "introduction": "We are packing what you ordered on {placed_on}.",
    "closing": "If anything is not as it should be, just answer this mail.",
    "signature": "Lamps & More",
}

Line = Annotated[str, msgspec.Meta(max_length=PASSAGE_LENGTHS_MAX["greeting"])]
Text = Annotated[str, msgspec.Meta(max_length=PASSAGE_LENGTHS_MAX["introduction"])]


class PassagesInput(Frozen):
    """Plain texts with placeholders in braces, such as `{shop_name}`. What is left empty is not in the mail."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=PASSAGE_LENGTHS_MAX["subject"])]
    headline: Annotated[str, msgspec.Meta(min_length=1, max_length=PASSAGE_LENGTHS_MAX["headline"])]
    greeting: Line = ""
    introduction: Text = ""
    closing: Text = ""
    signature: Annotated[str, msgspec.Meta(max_length=PASSAGE_LENGTHS_MAX["signature"])] = ""

    def passages(self) -> Passages:
        return Passages(
            subject=self.subject,
            headline=self.headline,
            greeting=self.greeting,
            introduction=self.introduction,
            closing=self.closing,
            signature=self.signature,
        )


@get(PLACE, guards=READ, **about("list_mail_texts", "List what mails say", tag=TAG))
async def list_mail_texts(notifications: Injected[Notifications]) -> MailTexts:
    """Each kind of mail in each language, with the placeholders it knows. A text's `version` is its ETag."""
    return await notifications.mail_texts(Nothing())


@get(
    ONE,
    guards=READ,
    **about("get_mail_text", "Read what a mail says", tag=TAG, refuses=[MailTextNotFound], tagged=True),
)
async def get_mail_text(
    notifications: Injected[Notifications], mail_kind: FromPath[str], mail_language: FromPath[str]
) -> Response[MailText]:
    """With Rialto's own words beside the merchant's."""
    return _tagged(await notifications.mail_text(MailTextRef(kind=mail_kind, language=mail_language)))


@put(
    ONE,
    guards=WRITE,
    **about(
        "put_mail_text",
        "Change what a mail says",
        tag=TAG,
        refuses=[MailTextNotFound, MailTextInvalid, MailTextChanged],
        tagged=True,
        example=EXAMPLE,
    ),
)
async def put_mail_text(
    notifications: Injected[Notifications],
    mail_kind: FromPath[str],
    mail_language: FromPath[str],
    data: JSONBody[PassagesInput],
    based_on: IfMatch = None,
) -> Response[MailText]:
    """Counts at once, without a restart, for mails that are written from then on.

    Amounts, articles, addresses, links and how long they are good are in the mail in any case.
    """
    command = PutMailText(
        kind=mail_kind, language=mail_language, passages=data.passages(), expected_version=if_match(based_on)
    )
    return _tagged(await notifications.put_mail_text(command))


@delete(
    ONE,
    guards=WRITE,
    status_code=200,
    **about(
        "reset_mail_text",
        "Take Rialto's words again",
        tag=TAG,
        refuses=[MailTextNotFound, MailTextChanged],
        tagged=True,
    ),
)
async def reset_mail_text(
    notifications: Injected[Notifications],
    mail_kind: FromPath[str],
    mail_language: FromPath[str],
    based_on: IfMatch = None,
) -> Response[MailText]:
    """Answers what the mail says now."""
    command = ResetMailText(kind=mail_kind, language=mail_language, expected_version=if_match(based_on))
    return _tagged(await notifications.reset_mail_text(command))


@post(
    f"{ONE}/preview",
    guards=READ,
    status_code=200,
    **about(
        "preview_mail_text",
        "Look at a mail before saving",
        tag=TAG,
        refuses=[MailTextNotFound, MailTextInvalid],
        example=EXAMPLE,
    ),
)
async def preview_mail_text(
    notifications: Injected[Notifications],
    mail_kind: FromPath[str],
    mail_language: FromPath[str],
    data: JSONBody[PassagesInput],
) -> MailPreview:
    """The whole mail with these words, about an order, an account or an article that nobody ever had. Changes nothing."""
    return await notifications.preview_mail_text(
        PreviewMailText(kind=mail_kind, language=mail_language, passages=data.passages())
    )


def _tagged(text: MailText) -> Response[MailText]:
    return Response(text, headers={"ETag": etag(text.version)})


ROUTES: list[Any] = [list_mail_texts, get_mail_text, put_mail_text, reset_mail_text, preview_mail_text]
