"""The full-text engine of search: Tantivy, in the process, in a folder.

The raw query parser is never used: queries are built from terms, so no text of a user can be syntax.
Terms are cut and marked by `search.words`; the index only splits at blanks. Sequence numbers let a reader
take in what changed since it last looked without reading everything again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import tantivy

from rialto.kernel.errors import Unavailable
from rialto.search.ports import ZONES, Alternatives, Entry, IndexDamaged, Stored, Term

WRITER_BYTES = 48_000_000
TIE_BREAKER = 0.1
SLOT_QUERY_MAX = 500
MATCHES_MAX = 1_000_000
PRODUCT = "product"
_STEMMED = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil",
}  # fmt: skip


class TantivyEngine:
    """Generations on disk."""

    def create(self, folder: Path) -> TantivyIndex:
        folder.mkdir(parents=True)
        with _refusing():
            return TantivyIndex(tantivy.Index(_schema(), path=str(folder), reuse=False), folder)

    def open(self, folder: Path) -> TantivyIndex:
        with _reading():
            if not tantivy.Index.exists(str(folder)):
                raise IndexDamaged(f"there is no index in {folder.name}")
            return TantivyIndex(tantivy.Index.open(str(folder)), folder)

    def stems(self, language: str, words: Sequence[str]) -> list[str]:
        analyzer = _stemmer(language)
        if analyzer is None or not words:
            return list(words)
        found = analyzer.analyze(" ".join(words))
        return found if len(found) == len(words) else list(words)


class TantivyIndex:
    """One generation."""

    def __init__(self, index: tantivy.Index, folder: Path) -> None:
        self._index = index
        self._schema = index.schema
        self._meta = folder / "meta.json"
        self._seen = self._stamp()
        index.config_reader("manual", 0)
        index.reload()
        self._searcher = index.searcher()
        self._writer: tantivy.IndexWriter | None = None

    def add(self, entries: Sequence[Entry], seq: int) -> None:
        with self._writing() as writer:
            for entry in entries:
                unique = f"{entry.kind}:{entry.key}"
                writer.delete_documents_by_term("unique", unique)
                document = tantivy.Document()
                document.add_text("unique", unique)
                document.add_text("kind", entry.kind)
                document.add_unsigned("slot", entry.slot)
                document.add_unsigned("seq", seq)
                document.add_bytes("stored", entry.body)
                for zone, text in entry.zones.items():
                    document.add_text(zone, text)
                writer.add_document(document)

    def commit(self) -> None:
        with self._writing() as writer:
            writer.commit()

    def reload(self) -> bool:
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        with _reading():
            self._index.reload()
            self._searcher = self._index.searcher()
        self._seen = stamp
        return True

    def changed(self, since: int, kind: str | None = None) -> Iterator[Stored]:
        searcher = self._searcher
        query = tantivy.Query.range_query(
            self._schema, "seq", tantivy.FieldType.Unsigned, lower_bound=since, include_lower=False
        )
        if kind is not None:
            query = query.and_must_match(tantivy.Query.term_query(self._schema, "kind", kind, "basic"))
        with _reading():
            hits = searcher.search(query, limit=max(searcher.num_docs, 1), count=False).hits
        for _, address in hits:
            with _reading():
                document = searcher.doc(address)
                named, _, key = document["unique"][0].partition(":")
                stored = Stored(
                    named, key, document["slot"][0], document["seq"][0], bytes(document["stored"][0])
                )
            yield stored

    def bodies(self, slots: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        searcher = self._searcher
        for start in range(0, len(slots), SLOT_QUERY_MAX):
            part = list(slots[start : start + SLOT_QUERY_MAX])
            products = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, tantivy.Query.term_set_query(self._schema, "slot", part)),
                    (tantivy.Occur.Must, tantivy.Query.term_query(self._schema, "kind", PRODUCT, "basic")),
                ]
            )
            with _reading():
                for _, address in searcher.search(products, limit=len(part), count=False).hits:
                    document = searcher.doc(address)
                    found[document["slot"][0]] = bytes(document["stored"][0])
        return found

    def match(self, words: Sequence[Alternatives], limit: int | None = None) -> list[tuple[int, float]]:
        searcher = self._searcher
        must = [(tantivy.Occur.Must, self._any_of(word)) for word in words]
        if not must or not searcher.num_docs:
            return []
        most = min(searcher.num_docs, MATCHES_MAX if limit is None else limit)
        with _reading():
            hits = searcher.search(tantivy.Query.boolean_query(must), limit=most, count=False).hits
            slots = searcher.fast_field_values("slot", [address for _, address in hits])
        return [(int(slot or 0), float(score)) for slot, (score, _) in zip(slots, hits, strict=True)]

    def close(self) -> None:
        # Dropped, not rolled back: a rollback reads the folder, which may be gone by now.
        self._writer = None

    def _any_of(self, word: Alternatives) -> tantivy.Query:
        return tantivy.Query.disjunction_max_query([self._term(term) for term in word], TIE_BREAKER)

    def _term(self, term: Term) -> tantivy.Query:
        if term.prefix:
            query = tantivy.Query.fuzzy_term_query(
                self._schema, term.zone, term.text, distance=0, transposition_cost_one=True, prefix=True
            )
        else:
            query = tantivy.Query.term_query(self._schema, term.zone, term.text, "freq")
        return tantivy.Query.boost_query(query, term.boost)

    @contextmanager
    def _writing(self) -> Iterator[tantivy.IndexWriter]:
        """After a failure the writer is of no use: the next attempt gets a new one, without what was staged."""
        try:
            with _refusing():
                if self._writer is None:
                    self._writer = self._index.writer(WRITER_BYTES, 1)
                yield self._writer
        except Unavailable:
            self._writer = None
            raise

    def _stamp(self) -> tuple[int, int]:
        try:
            stat = self._meta.stat()
        except OSError:
            return (0, 0)
        return (stat.st_mtime_ns, stat.st_ino)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("unique", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("slot", stored=True, indexed=True, fast=True)
    builder.add_unsigned_field("seq", stored=True, indexed=True, fast=True)
    builder.add_bytes_field("stored", stored=True)
    for zone in ZONES:
        builder.add_text_field(zone, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


@lru_cache(maxsize=32)
def _stemmer(language: str) -> tantivy.TextAnalyzer | None:
    name = _STEMMED.get(language)
    if name is None:
        return None
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
        .filter(tantivy.Filter.stemmer(name))
        .build()
    )


@contextmanager
def _reading() -> Iterator[None]:
    """A damaged file shows as ValueError, OSError or a panic of the library, which is no Exception."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, IndexError) as error:
        raise IndexDamaged(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexDamaged(str(error)) from error


@contextmanager
def _refusing() -> Iterator[None]:
    """A full disk, a lost folder, a writer in another process: nothing was kept, later may do."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        raise Unavailable(
            f"the search index cannot be written: {error}", code="search_index_failed"
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Unavailable("the search index cannot be written", code="search_index_failed") from error
