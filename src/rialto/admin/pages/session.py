"""Coming in and going out: e-mail and password, the second step, a passkey, the language. For those not signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from rialto.admin.desk import (
    HOME,
    SIGN_IN,
    AnyRequest,
    language_of,
    local_path,
    remember_language,
)
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, bare_frame, go, render
from rialto.admin.texts import texts_of
from rialto.identity.api import (
    BeginStaffAction,
    ClientRef,
    CodeRefused,
    EndStaffAction,
    FinishSignIn,
    Identity,
    RefreshWith,
    SignIn,
    SignInRefused,
    SignInWithPasskey,
    TokenRefused,
    Tokens,
)
from rialto.kernel import browser
from rialto.kernel.auth import Principal
from rialto.kernel.browser import ADMIN
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, client_of, principal_of
from rialto.kernel.settings import Settings
from rialto.storefront.forms import credential_of, typed
from rialto.storefront.texts import LANGUAGES

DEVICE_LENGTH_MAX = 200


@get(SIGN_IN)
async def sign_in_page(request: AnyRequest) -> PAGE | Redirect:
    """Whoever is in already goes on."""
    place = local_path(request.query_params.get("next", HOME))
    if principal_of(request).kind == "staff":
        return go(place)
    return _door(request, place)


@post(SIGN_IN, status_code=200)
async def sign_in(
    request: AnyRequest, identity: Injected[Identity], settings: Injected[Settings]
) -> PAGE | Redirect:
    """E-mail and password; whose account has a second factor is asked for its code, or for its passkey."""
    data = dict(await request.form())
    place, email = local_path(typed(data, "next")), typed(data, "email").strip()
    command = SignIn(
        email=email, password=typed(data, "password"), client=client_of(request), device=_device(request)
    )
    try:
        answer = await identity.sign_in(command)
        step = answer.second_step
        if step is not None and step.factor == "passkey":
            return _before(request, "pages/sign_in_passkey.html", {"next": place}, error=None)
        if step is not None:
            return _code_page(request, step.mfa_token, place)
        assert answer.tokens is not None
        return await _let_in(request, answer.tokens, place, identity, settings=settings)
    except RialtoError as error:
        return _door(request, place, email=email, error=error)


@post(f"{SIGN_IN}/code", status_code=200)
async def finish_sign_in(
    request: AnyRequest, identity: Injected[Identity], settings: Injected[Settings]
) -> PAGE | Redirect:
    """The second step. After a wrong code another may be tried; when its time is over all begins anew."""
    data = dict(await request.form())
    place, token = local_path(typed(data, "next")), typed(data, "mfa_token")
    command = FinishSignIn(
        mfa_token=token, code=typed(data, "code"), client=client_of(request), device=_device(request)
    )
    try:
        tokens = await identity.finish_sign_in(command)
        return await _let_in(request, tokens, place, identity, settings=settings)
    except (TokenRefused, SignInRefused) as error:
        return _door(request, place, error=error)
    except RialtoError as error:
        return _code_page(request, token, place, error=error)


@post(f"{SIGN_IN}/passkey/options", status_code=200)
async def begin_passkey(request: AnyRequest, identity: Injected[Identity]) -> Response[dict[str, Any]]:
    """For the page's script: what the browser is asked with. Raises TooMany."""
    options = await identity.begin_passkey_sign_in(ClientRef(client=client_of(request)))
    return Response(options.public_key, headers={"Cache-Control": "no-store"})


@post(f"{SIGN_IN}/passkey", status_code=200)
async def sign_in_with_passkey(
    request: AnyRequest, identity: Injected[Identity], settings: Injected[Settings]
) -> PAGE | Redirect:
    """What the browser answered, sent by our own form. The device has verified its user: both factors at once."""
    data = dict(await request.form())
    place = local_path(typed(data, "next"))
    command = SignInWithPasskey(
        credential=credential_of(data), client=client_of(request), device=_device(request), kind="staff"
    )
    try:
        tokens = await identity.sign_in_with_passkey(command)
        return await _let_in(request, tokens, place, identity, settings=settings)
    except RialtoError as error:
        return _door(request, place, error=error, field=None)


@post(f"{HOME}/sign-out", status_code=200)
async def sign_out(
    request: AnyRequest, identity: Injected[Identity], settings: Injected[Settings]
) -> Redirect:
    """Ends the session. Raises Unavailable: then it goes on, and so do its cookies."""
    token = request.cookies.get(ADMIN.refresh, "")
    await identity.sign_out(RefreshWith(refresh_token=token))
    answer = go(SIGN_IN)
    answer.cookies.extend(browser.signed_out(ADMIN, secure=settings.secure))
    return answer


@post(f"{HOME}/language", status_code=200)
async def choose_language(request: AnyRequest, settings: Injected[Settings]) -> Redirect:
    """For this browser, here and in the shop; signed in or not."""
    data = dict(await request.form())
    wanted, back = typed(data, "language"), typed(data, "back")
    answer = go(back if back == SIGN_IN else local_path(back))
    if wanted in LANGUAGES:
        remember_language(answer, wanted, secure=settings.secure)
    return answer


async def _let_in(
    request: AnyRequest, tokens: Tokens, place: str, identity: Identity, *, settings: Settings
) -> Redirect:
    """Staff only. For a customer the session ends as it began. Raises SignInRefused, told as a wrong password is.

    Staff's log has it, with the way by which somebody came; if it cannot be written down nobody comes in.
    """
    principal = _principal_with(request, tokens)
    if principal.kind != "staff":
        await identity.sign_out(RefreshWith(refresh_token=tokens.refresh_token))
        raise SignInRefused(signed_in=False)
    action = await identity.begin_staff_action(
        BeginStaffAction(
            staff_id=principal.id or "",
            operation="sign_in",
            method="POST",
            path=request.scope["path"],
            object_id="",
            request_id=str(request.scope.get("rialto.request_id", "")),
        )
    )
    answer = go(place)
    await identity.end_staff_action(EndStaffAction(action_id=action.action_id, status=303))
    answer.cookies.extend(
        browser.signed_in(
            ADMIN,
            access=tokens.access_token,
            refresh=tokens.refresh_token,
            expires_in=tokens.expires_in,
            secure=settings.secure,
        )
    )
    return answer


def _principal_with(request: AnyRequest, tokens: Tokens) -> Principal:
    request.scope["rialto.principal"].take(tokens.access_token)  # type: ignore[typeddict-item]
    return principal_of(request)


def _door(
    request: AnyRequest,
    place: str,
    *,
    email: str = "",
    error: RialtoError | None = None,
    field: str | None = "password",
) -> Response[bytes]:
    return _before(request, "pages/sign_in.html", {"next": place, "email": email}, error=error, field=field)


def _code_page(
    request: AnyRequest, token: str, place: str, *, error: RialtoError | None = None
) -> Response[bytes]:
    field = "code" if isinstance(error, CodeRefused) else None
    return _before(
        request, "pages/sign_in_code.html", {"next": place, "mfa_token": token}, error=error, field=field
    )


def _before(
    request: AnyRequest,
    template: str,
    context: Mapping[str, object],
    *,
    error: RialtoError | None,
    field: str | None = None,
) -> Response[bytes]:
    """A page before the door. A refusal is told beside the field and above the form."""
    language = language_of(request)
    problems: list[Problem] = []
    if error is not None:
        problems = [
            Problem(text=one.text, field=one.field or field) for one in problems_of(error, texts_of(language))
        ]
    frame = bare_frame(language, request.scope["path"])
    status = 200 if error is None else status_of(error)
    return render(template, {**frame, **context, "problems": problems}, status=status)


def _device(request: AnyRequest) -> str:
    return request.headers.get("user-agent", "")[:DEVICE_LENGTH_MAX]
