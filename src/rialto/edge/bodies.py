"""How a request's body is read: as JSON and nothing else, at once into the type the route takes.

The framework would read it into plain dictionaries first and then be generous (`"3"` for 3). One strict pass
costs less and says exactly where something does not fit.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Empty

from rialto.kernel.errors import FieldProblem, Invalid

MISSING = re.compile(r"Object missing required field `([^`]+)`")
PLACE = re.compile(r" - at `(?:key` in `)?\$\.?([^`]*)`$")
INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


class StrictRequest(Request[Any, Any, Any]):
    """A request whose `json()` is the value of the route's own type. Raises Invalid; 415 for another media type."""

    async def json(self) -> Any:
        if self._json is Empty:
            _check_media_type(self.headers.get("content-type"))
            self._json = _read(await self.body(), _kind(self.route_handler))
        return self._json


def _check_media_type(header: str | None) -> None:
    """What is not said is taken for JSON; what is said must be so."""
    if header is None:
        return
    media_type = header.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise HTTPException("Send the body as application/json.", status_code=415)


def _kind(handler: Any) -> Any:
    field = (
        handler.parsed_fn_signature.parameters.get("data") if isinstance(handler, HTTPRouteHandler) else None
    )
    return Any if field is None else field.annotation


def _read(body: bytes, kind: Any) -> Any:
    try:
        return _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise _not_fitting(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The body is not JSON.", code="malformed") from error


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _not_fitting(told: str) -> Invalid:
    """msgspec's sentence, its place as a path of ours: `lines.0.quantity`."""
    found = PLACE.search(told)
    path = INDEX.sub(lambda index: "." + index[1].replace("...", "*"), found[1]) if found else ""
    message = told[: found.start()] if found else told
    missing = MISSING.match(message)
    if missing:
        path = f"{path}.{missing[1]}".lstrip(".")
        message = "Please fill this in."
    problem = FieldProblem(
        path=path.lstrip("."), code="required" if missing else "not_valid", message=message
    )
    return Invalid("The request does not fit what this operation takes.", fields=(problem,))
