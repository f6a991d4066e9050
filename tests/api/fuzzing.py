"""How the API is tried by Schemathesis: what is made up, what is filled in, and what counts as found."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Callable
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.api.expected import is_refused_beyond_schema
from tests.api.people import Guest
from tests.api.serving import WITHIN_S, Served
from tests.api.stocked import Existing, fitting, whole
from tests.edge.described import document

Case = schemathesis.Case[Any]
Json = dict[str, Any]

# Besides what the description itself gives examples of, and the limits of each field.
EXAMPLES = 50
REFUSED_EXAMPLES = 2
SEED = 20260105
# 402 and 412: cards are declined and versions are old, however well a request is formed.
ACCEPTED = "2xx 401 402 403 404 409 412 429"
# Schemathesis would take a 5xx for a refusal, too.
REFUSED = "400 401 403 404 405 409 412 415 422 429"
# Of four requests one stays as it was made up: what does not exist is asked for, too.
MADE_UP_EVERY = 4
# What Schemathesis makes up is hardly ever a picture.
A_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
# By these names requests mean something that has a version.
VERSIONED = {"product_id", "slug", "review_id", "synonyms_id", "pins_id", "promotion_id", "mail_kind"}


def needs_token(operation: Json) -> bool:
    return "security" in operation


def is_for_staff(operation: Json) -> bool:
    return any(tag.startswith("staff: ") for tag in operation["tags"])


def looks_at_tokens(operation: Json) -> bool:
    """Whether a token, if there is one, must be a good one."""
    told = operation["responses"].get("401", {}).get("description", "")
    return needs_token(operation) or ("`token_refused`" in told and "sign-in" not in operation["tags"])


def schema_for(
    *,
    made_up_tokens: bool,
    thorough: Callable[[Json], bool],
    asked: Callable[[Json], bool] = bool,
    examples: int = EXAMPLES,
    refused: Callable[[Json], bool] = lambda _: False,
) -> BaseSchema:
    """The operations that are `asked`, with what is to be tried. All of Schemathesis' checks are on.

    `made_up_tokens`: some requests carry a token, which is never a good one. `thorough`: also at the limits of each
    field; for everybody once is enough. `refused`: by who asks, whatever is sent, so that a few requests show it.
    """
    described = asyncio.run(document())
    described["paths"] = {
        path: {method: one for method, one in item.items() if asked(one)}
        for path, item in described["paths"].items()
    }
    operations = [one for item in described["paths"].values() for one in item.values()]
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "request-timeout": WITHIN_S,
            "generation": {
                "max-examples": examples,
                "database": "none",
                # What was found is written down as a request; a smaller one would cost minutes.
                "no-shrink": True,
                "with-security-parameters": made_up_tokens,
            },
            "checks": {
                "positive_data_acceptance": {"expected-statuses": ACCEPTED.split()},
                "negative_data_rejection": {"expected-statuses": REFUSED.split()},
            },
            "operations": [
                {
                    "include-operation-id": [one["operationId"] for one in operations if chosen(one)],
                    "phases": {"coverage": {"enabled": False}},
                    **more,
                }
                for chosen, more in (
                    (lambda one: not thorough(one) and not refused(one), {}),
                    (refused, {"generation": {"max-examples": REFUSED_EXAMPLES}}),
                )
            ],
        }
    )
    return schemathesis.openapi.from_dict(described, config=config)


class Client:
    """Asks a served shop as somebody, each time from another address."""

    def __init__(self, served: Served, person: Guest, existing: Existing | None = None) -> None:
        self._served = served
        self._person = person
        self._existing = existing or Existing(served)
        self._turns = itertools.count(1)
        self.asked: set[str] = set()
        self.done: set[str] = set()

    def ask(self, case: Case) -> int:
        """Send it, filled in most of the time, and look at the answer with every check; its status."""
        turn = next(self._turns)
        described = case.operation.definition.raw
        operation = described["operationId"]
        token = self._person.token(operation)
        let_in = (token is not None or not needs_token(described)) and self._person.may(operation)
        self._mend(case, operation, filled_in=let_in and turn % MADE_UP_EVERY != 0)
        headers = {"X-Forwarded-For": f"10.{turn >> 16 & 255}.{turn >> 8 & 255}.{turn & 255}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        response = case.call(base_url=self._served.url, headers=headers)
        self.asked.add(operation)
        if response.status_code < 300 and response.request.method == case.operation.method.upper():
            self.done.add(operation)
        is_beyond = response.status_code == 422 and is_refused_beyond_schema(
            operation, response.json(), [case.path_parameters, case.query, case.body]
        )
        case.validate_response(
            response,
            headers=headers,
            excluded_checks=[positive_data_acceptance] if is_beyond else [],
            transport_kwargs={"headers": headers, "base_url": self._served.url},
        )
        return int(response.status_code)

    def _mend(self, case: Case, operation: str, *, filled_in: bool) -> None:
        """Change what fits the description; what was made up not to fit must not become good by chance."""
        meta = case.meta
        assert meta is not None
        body = case.body if isinstance(case.body, dict) else {}
        changes = case.method not in {"GET", "HEAD", "OPTIONS"}
        names = {*case.path_parameters, *case.query, *body} if filled_in else set()
        known = self._existing.named(names, changes=changes)
        for place, given in (
            (ParameterLocation.PATH, case.path_parameters),
            (ParameterLocation.QUERY, case.query),
        ):
            if not meta.is_negative_at(place):
                given.update({name: known[name] for name in given if name in known})
        if body and not meta.is_negative_at(ParameterLocation.BODY):
            case.body = fitting(whole(body), known) if filled_in else whole(body)
        if operation == "keep_picture" and filled_in and not meta.is_negative_at(ParameterLocation.BODY):
            case.body = A_PICTURE
        header_fits = not meta.is_negative_at(ParameterLocation.HEADER)
        if VERSIONED & set(known) and "If-Match" in case.headers and header_fits:
            case.headers["If-Match"] = self._existing.etag_of(known)
