"""The judged queries: the order of results may get better, but not worse."""

from __future__ import annotations

import pytest

from bench.judged.ranking import judged_queries, ndcg, scores

FLOOR = {"en": 0.88, "de": 0.89}

pytestmark = [pytest.mark.anyio, pytest.mark.fast]


async def test_the_judged_queries_are_answered_as_well_as_before() -> None:
    found = await scores()
    for language in ("en", "de"):
        mean = [score for query, score in found if query.language == language]
        assert len(mean) >= 30
        assert sum(mean) / len(mean) >= FLOOR[language], sorted(
            (round(score, 2), query.q) for query, score in found if query.language == language
        )[:8]


def test_ndcg_is_one_for_the_best_order_and_less_for_any_other() -> None:
    relevant = {"a": 3, "b": 1}
    assert ndcg(["a", "b", "c"], relevant) == 1
    assert 0 < ndcg(["b", "a"], relevant) < 1
    assert ndcg(["c"], relevant) == 0
    assert ndcg([], relevant) == 0


def test_no_query_is_judged_twice_and_grades_are_one_to_three() -> None:
    queries = judged_queries()
    assert len({(query.language, query.q) for query in queries}) == len(queries) >= 60
    assert {grade for query in queries for grade in query.relevant.values()} == {1, 2, 3}
