"""Answers in JSON: headers, errors, and the `Link` header of pages."""

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from web.fragments import Fragment, Fragments
from web.mastodon.entities.times import day, midnight, moment
from web.responses import empty, error, json, page_links

ORIGIN = "https://hq.example"


def test_P05_answers_are_for_nobody_elses_cache() -> None:
    answer = json([])
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Vary"] == "Authorization"
    assert answer.content_type == "application/json"
    assert answer.charset == "utf-8"


def test_errors_have_the_shape_that_clients_parse() -> None:
    answer = error(404, "Record not found")
    assert answer.status == 404
    assert isinstance(answer.body, bytes)
    assert orjson.loads(answer.body) == {"error": "Record not found"}


def test_nothing_to_tell_is_an_empty_object_and_never_204() -> None:
    assert (empty().status, empty().body) == (200, b"{}")


def test_pages_link_to_older_and_newer_with_absolute_addresses() -> None:
    request = make_mocked_request(
        "GET", "/api/v1/timelines/home?limit=2&max_id=9&x=%C3%A4&access_token=secret"
    )
    link = page_links(request, ORIGIN, [8, 7])["Link"]
    base = f"{ORIGIN}/api/v1/timelines/home?limit=2&x=%C3%A4"
    assert link == f'<{base}&max_id=7>; rel="next", <{base}&min_id=8>; rel="prev"'


def test_an_empty_page_has_no_links() -> None:
    assert page_links(make_mocked_request("GET", "/x"), ORIGIN, []) == {}


def test_P12_a_token_in_the_address_is_not_repeated() -> None:
    request = make_mocked_request("GET", "/x?access_token=secret")
    assert "secret" not in page_links(request, ORIGIN, [1])["Link"]


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000_007, "2027-01-15T08:00:00.007Z"),
        (1_800_000_000_999, "2027-01-15T08:00:00.999Z"),
    ],
)
def test_times_have_three_fraction_digits(ms: int, shown: str) -> None:
    assert moment(ms) == shown
    assert midnight(ms) == f"{shown[:10]}T00:00:00.000Z"
    assert day(ms) == shown[:10]


def test_fragments_forget_the_least_recently_used() -> None:
    kept = Fragments(most=2)
    one, two, three = (Fragment((text,)) for text in (b"1", b"2", b"3"))
    kept.keep({"a": one})
    kept.keep({"b": two})
    kept.keep({"a": one})
    kept.keep({"c": three})
    assert kept.held({1: "a", 2: "b", 3: "c"}) == {1: one, 3: three}
    assert len(kept) == 2
    kept.clear()
    assert kept.held({1: "a", 3: "c"}) == {}


def test_a_piece_used_again_outlives_those_that_were_not() -> None:
    kept = Fragments(most=4)
    made = {number: Fragment((b"%d" % number,)) for number in range(5)}
    for number in range(4):
        kept.keep({number: made[number]})
    assert kept.held({"it": 0}) == {"it": made[0]}
    kept.keep({4: made[4]})
    assert kept.held({number: number for number in made}) == {
        number: made[number] for number in (0, 2, 3, 4)
    }


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.sampled_from(["keep", "use", "use", "clear"]), st.integers(0, 12))),
)
def test_what_was_used_lately_is_still_there_and_no_more_than_allowed(
    half: int, deeds: list[tuple[str, int]]
) -> None:
    kept = Fragments(most=2 * half)
    made: dict[int, Fragment] = {}
    recent: list[int] = []
    for deed, number in deeds:
        if deed == "clear":
            kept.clear()
            made, recent = {}, []
        elif deed == "keep":
            made[number] = Fragment((b"%d" % len(recent), b"."))
            kept.keep({number: made[number]})
        elif found := kept.held({"it": number}):
            assert found == {"it": made[number]}
        else:
            assert number not in recent[-half:]
            continue
        recent = [*(one for one in recent if one != number), *([number] * (deed != "clear"))]
        assert len(kept) <= 2 * half
    lately = recent[-half:]
    assert kept.held({one: one for one in lately}) == {one: made[one] for one in lately}
