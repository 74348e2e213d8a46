"""One reader for query, form, multipart and JSON, with brackets or without."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request, Response

from domain.errors import Invalid
from web import params as reader
from web.params import BODY_LIMIT, Params, as_id, read_params

Pairs = list[tuple[str, str]]
Ask = Callable[..., Awaitable[tuple[int, Any]]]


def describe(params: Params) -> dict[str, Any]:
    """What a handler would take out of the same request, however it was sent."""
    return {
        "text": params.text("status"),
        "flag": params.flag("sensitive"),
        "ids": params.ids("id"),
        "options": params.nested("poll").many("options"),
        "rows": [(row.text("name"), row.text("value")) for row in params.rows("fields")],
        "privacy": params.nested("source").text("privacy"),
        "files": sorted(params.files),
    }


@pytest.fixture
async def ask() -> Any:
    async def echo(request: Request) -> Response:
        try:
            body: Any = describe(await read_params(request))
        except Invalid as problem:
            return Response(status=422, text=problem.message)
        return Response(body=orjson.dumps(body), content_type="application/json")

    app = Application()
    app.router.add_route("*", "/", echo)
    client: TestClient[Any, Any] = TestClient(TestServer(app))
    await client.start_server()

    async def send(method: str = "POST", **options: Any) -> tuple[int, Any]:
        async with client.request(method, options.pop("path", "/"), **options) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, orjson.loads(text) if is_json else text

    yield send
    await client.close()


WANTED = {
    "text": "Grüße, #Lernen",
    "flag": True,
    "ids": [3, 1],
    "options": ["yes", "no"],
    "rows": [["site", "x"], ["job", "y"]],
    "privacy": "private",
    "files": [],
}
PAIRS: Pairs = [
    ("status", "Grüße, #Lernen"),
    ("sensitive", "true"),
    ("id[]", "3"),
    ("id[]", "1"),
    ("poll[options][]", "yes"),
    ("poll[options][]", "no"),
    ("fields[0][name]", "site"),
    ("fields[0][value]", "x"),
    ("fields[1][name]", "job"),
    ("fields[1][value]", "y"),
    ("source[privacy]", "private"),
    ("never_heard_of[deep][er]", "ignored"),
]
AS_JSON: dict[str, Any] = {
    "status": "Grüße, #Lernen",
    "sensitive": True,
    "id": ["3", 1],
    "poll": {"options": ["yes", "no"]},
    "fields": [{"name": "site", "value": "x"}, {"name": "job", "value": "y"}],
    "source": {"privacy": "private"},
    "never_heard_of": None,
}


def multipart(pairs: Pairs) -> FormData:
    form = FormData(default_to_multipart=True)
    for name, value in pairs:
        form.add_field(name, value)
    return form


async def test_every_way_of_sending_says_the_same(ask: Ask) -> None:
    assert await ask(data=PAIRS) == (200, WANTED)
    assert await ask(data=multipart(PAIRS)) == (200, WANTED)
    assert await ask(json=AS_JSON) == (200, WANTED)
    assert await ask(path=f"/?{urlencode(PAIRS)}", data=b"") == (200, WANTED)
    assert await ask("GET", path=f"/?{urlencode(PAIRS)}") == (200, WANTED)
    assert await ask("DELETE", data=PAIRS) == (200, WANTED)


async def test_rows_may_be_an_object_keyed_by_numbers(ask: Ask) -> None:
    keyed = {str(n): {"name": str(n), "value": ""} for n in (10, 2, 0)}
    _, found = await ask(json={"fields": keyed})
    assert [name for name, _ in found["rows"]] == ["0", "2", "10"]


async def test_rows_without_numbers_start_anew_at_a_name_that_is_there(ask: Ask) -> None:
    pairs = [("fields[][name]", "a"), ("fields[][value]", "1"), ("fields[][name]", "b")]
    _, found = await ask(data=pairs)
    assert found["rows"] == [["a", "1"], ["b", ""]]


@pytest.mark.parametrize("query", ["id=3&id=1", "id[]=3&id[]=1", "id[0]=3&id[1]=1"])
async def test_lists_come_with_brackets_or_without(ask: Ask, query: str) -> None:
    _, found = await ask("GET", path=f"/?{query}")
    assert found["ids"] == [3, 1]


async def test_the_body_wins_over_the_query(ask: Ask) -> None:
    _, found = await ask(path="/?status=query", data={"status": "body"})
    assert found["text"] == "body"


async def test_files_are_named_and_not_kept(ask: Ask) -> None:
    form = multipart([("status", "x")])
    form.add_field("avatar", b"\x89PNG", filename="a.png")
    assert (await ask(data=form))[1]["files"] == ["avatar"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b'{"status": "\\ud800"}'),
        ("application/json", b'{"status": {"a": 1}}'),
        ("application/x-www-form-urlencoded", b"status=\xff\xfe\xfa"),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a\x1db"\r\n\r\n1\r\n--x--\r\n',
        ),
        ("multipart/form-data", b"--x"),
    ],
)
async def test_bodies_that_cannot_be_read_are_refused(ask: Ask, kind: str, body: bytes) -> None:
    status, _ = await ask(data=body, headers={"Content-Type": kind})
    assert status == 422


async def test_bodies_over_the_limit_are_refused_in_every_form(ask: Ask) -> None:
    large = "x" * (BODY_LIMIT + 1)
    for sent in ({"data": {"status": large}}, {"json": {"status": large}}):
        assert (await ask(**sent))[0] == 413
    form = FormData(default_to_multipart=True)
    form.add_field("file", large.encode(), filename="a.png")
    assert (await ask(data=form))[0] == 413

    async def chunks() -> Any:  # no Content-Length to warn us
        for _ in range(BODY_LIMIT // 65536 + 2):
            yield b"x" * 65536

    assert (await ask(data=chunks()))[0] == 413


async def test_a_body_that_never_ends_is_cut_off(ask: Ask, monkeypatch: Any) -> None:
    monkeypatch.setattr(reader, "BODY_SECONDS", 0.2)

    async def dripping() -> Any:
        for _ in range(100):
            yield b"a"
            await asyncio.sleep(0.05)

    assert (await ask(data=dripping()))[0] == 408


async def test_a_thousand_parameters_are_the_most(ask: Ask) -> None:
    many = "&".join(f"id[]={n + 1}" for n in range(1001))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await ask(data=many, headers=headers))[0] == 422
    assert (await ask(data=many.rpartition("&")[0], headers=headers))[0] == 200


@pytest.mark.parametrize(
    "value", [False, 0, "", "0", "f", "F", "false", "FALSE", "off", "OFF", None]
)
def test_what_rails_calls_false_is_false(value: Any) -> None:
    assert Params({"a": value}).flag("a") is False


@pytest.mark.parametrize("value", [True, 1, "1", "t", "true", "on", "yes", "no"])
def test_anything_else_is_true(value: Any) -> None:
    assert Params({"a": value}).flag("a") is True


def test_null_and_absent_mean_the_default() -> None:
    assert Params({"a": None}).flag("a", default=True)
    assert Params({}).maybe_flag("a") is None
    assert Params({"a": None}).text("a", "b") == "b"
    assert "a" not in Params({"a": None})


@pytest.mark.parametrize("value", ["x", "1e3", "²", "1.5", "--1", "9" * 30, [1], {"a": 1}])
def test_numbers_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        Params({"limit": value}).integer("limit")


def test_numbers_are_read_from_text_and_json_alike() -> None:
    assert Params({"limit": "40"}).integer("limit") == 40
    assert Params({"limit": 40}).integer("limit") == 40
    assert Params({"limit": ""}).integer("limit", 20) == 20


@pytest.mark.parametrize("value", ["", "-1", "x", "9223372036854775808", "٣", "1" * 20])
def test_what_cannot_be_an_id_is_none(value: str) -> None:
    assert as_id(value) is None
    assert Params({"id": [value, "7"]}).ids("id") == [7]


def test_the_largest_id_is_one() -> None:
    assert as_id("9223372036854775807") == 2**63 - 1


def test_zero_bytes_never_reach_the_database() -> None:
    assert Params({"status": "a\0b"}).text("status") == "ab"
