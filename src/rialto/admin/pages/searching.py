"""How searches are steered: words that find each other, and products that stand first."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import ON, Reading, Values, read_values, switch_typed
from rialto.admin.problems import Problem, problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.catalog.api import (
    Catalog,
    Pins,
    PutPins,
    PutSynonyms,
    SearchRuleChanged,
    SearchRuleNotFound,
    SearchRuleRef,
    Synonyms,
)
from rialto.kernel.errors import RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing

LIST = f"{HOME}/search"
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]
# What a form of each kind has beside the rule's id; the last one holds a line for each word or product.
FIELDS = {"synonyms": ("language", "one_way", "terms"), "pins": ("language", "query", "products")}

Rule = Synonyms | Pins


@get(LIST, guards=READ)
async def list_rules(desk: Injected[Desk], catalog: Injected[Catalog]) -> PAGE:
    """All of them by id; there are at most a few hundred."""
    rules = await catalog.search_rules(Nothing())
    return page(desk, "pages/search/list.html", section="search", rules=rules)


@get(f"{LIST}/{{kind:str}}/new", guards=WRITE)
async def new_rule(desk: Injected[Desk], catalog: Injected[Catalog], kind: FromPath[str]) -> PAGE:
    """Raises SearchRuleNotFound for a kind that is none."""
    return await _edit(desk, catalog, _known(kind), {"language": desk.language, "version": "0"})


@post(f"{LIST}/{{kind:str}}/new", guards=WRITE, status_code=200)
async def create_rule(
    request: AnyRequest, desk: Injected[Desk], catalog: Injected[Catalog], kind: FromPath[str]
) -> PAGE | Redirect:
    """A name that is taken leads to the difference between the two."""
    values = await read_values(request) | {"version": "0"}
    return await _save(desk, catalog, _known(kind), values)


@get(f"{LIST}/{{kind:str}}/{{rule_id:str}}", guards=READ)
async def show_rule(
    desk: Injected[Desk], catalog: Injected[Catalog], kind: FromPath[str], rule_id: FromPath[str]
) -> PAGE:
    """Raises SearchRuleNotFound."""
    stored = await _stored(catalog, _known(kind), rule_id)
    return await _edit(desk, catalog, kind, _values(stored), rule_id=rule_id)


@post(f"{LIST}/{{kind:str}}/{{rule_id:str}}", guards=WRITE, status_code=200)
async def change_rule(
    request: AnyRequest,
    desk: Injected[Desk],
    catalog: Injected[Catalog],
    *,
    kind: FromPath[str],
    rule_id: FromPath[str],
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    values = await read_values(request) | {"id": rule_id}
    return await _save(desk, catalog, _known(kind), values, rule_id=rule_id)


@post(f"{LIST}/{{kind:str}}/{{rule_id:str}}/remove", guards=WRITE, status_code=200)
async def remove_rule(
    request: AnyRequest, catalog: Injected[Catalog], kind: FromPath[str], rule_id: FromPath[str]
) -> Redirect:
    """Who looked at an older version is sent to look again; one that is gone already stays so."""
    version = Reading(await read_values(request)).number("version")
    try:
        if (await _stored(catalog, _known(kind), rule_id)).version != version:
            return go(f"{LIST}/{kind}/{rule_id}?done=rule_changed")
        remove = catalog.remove_synonyms if kind == "synonyms" else catalog.remove_pins
        await remove(SearchRuleRef(id=rule_id))
    except SearchRuleNotFound:
        return go(LIST)
    return go(f"{LIST}?done=rule_removed")


async def _save(
    desk: Desk, catalog: Catalog, kind: str, values: Values, *, rule_id: str = ""
) -> PAGE | Redirect:
    reading = Reading(values)
    name = reading.text("id")
    try:
        await _put(catalog, kind, reading, name)
    except SearchRuleChanged:
        stored = await _stored(catalog, kind, name)
        return conflict_page(
            desk,
            section="search",
            title=name,
            action=f"{LIST}/{kind}/{name}",
            back=f"{LIST}/{kind}/{name}",
            version=str(stored.version),
            fields=_fields(desk, kind),
            yours=values,
            theirs=_values(stored),
        )
    except RialtoError as error:
        return await _edit(desk, catalog, kind, values, rule_id=rule_id, error=error)
    return go(f"{LIST}?done=rule_saved")


async def _put(catalog: Catalog, kind: str, reading: Reading, name: str) -> None:
    version, language = reading.number("version"), reading.text("language")
    if kind == "synonyms":
        terms, one_way = reading.lines("terms"), reading.is_on("one_way")
        synonyms = Synonyms(id=name, language=language, terms=terms, one_way=one_way)
        await catalog.put_synonyms(PutSynonyms(synonyms=synonyms, expected_version=version))
    else:
        query, products = reading.text("query"), reading.lines("products")
        pins = Pins(id=name, language=language, query=query, products=products)
        await catalog.put_pins(PutPins(pins=pins, expected_version=version))


def _known(kind: str) -> str:
    if kind not in FIELDS:
        raise SearchRuleNotFound
    return kind


async def _stored(catalog: Catalog, kind: str, rule_id: str) -> Rule:
    rules = await catalog.search_rules(Nothing())
    listed: list[Synonyms] | list[Pins] = rules.synonyms if kind == "synonyms" else rules.pins
    for rule in listed:
        if rule.id == rule_id:
            return rule
    raise SearchRuleNotFound


def _values(rule: Rule) -> Values:
    values = {"id": rule.id, "language": rule.language, "version": str(rule.version)}
    if isinstance(rule, Synonyms):
        return values | {"terms": "\n".join(rule.terms), "one_way": switch_typed(rule.one_way)}
    return values | {"query": rule.query, "products": "\n".join(rule.products)}


def _fields(desk: Desk, kind: str) -> list[Field]:
    words = {ON: desk.texts("form.yes"), "": desk.texts("form.no")}
    return [
        Field(name=name, label=desk.texts(f"search.{name}"), words=words if name == "one_way" else {})
        for name in FIELDS[kind]
    ]


async def _edit(
    desk: Desk,
    catalog: Catalog,
    kind: str,
    values: Values,
    *,
    rule_id: str = "",
    error: RialtoError | None = None,
) -> PAGE:
    channels = (await catalog.channels(Nothing())).items
    languages = dict.fromkeys(language for channel in channels for language in channel.languages)
    return page(
        desk,
        "pages/search/rule.html",
        section="search",
        status=200 if error is None else status_of(error),
        kind=kind,
        rule_id=rule_id,
        values=values,
        languages_offered=[
            Choice(value=one, label=desk.texts.get(f"language.{one}", one)) for one in languages
        ],
        problems=[] if error is None else _problems(desk, kind, values, error),
    )


def _problems(desk: Desk, kind: str, values: Values, error: RialtoError) -> list[Problem]:
    """What is wrong with one line of several is told with that line."""
    several = FIELDS[kind][-1]
    lines = {f"{several}.{index}": line for index, line in enumerate(Reading(values).lines(several))}
    found = problems_of(error, desk.texts, fields=dict.fromkeys(lines, several))
    paths = [fault.path for fault in error.fields] or [""] * len(found)
    return [
        Problem(text=f"{lines[path]}: {problem.text}", field=problem.field) if path in lines else problem
        for path, problem in zip(paths, found, strict=True)
    ]


ROUTES: list[Any] = [list_rules, new_rule, create_rule, show_rule, change_rule, remove_rule]
