"""Strict reading of documents: row S18 and its neighbours, each with what still holds."""

import json as stdlib_json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub import json
from activitypub.json import AS2, MalformedDocument
from tests.support.timing import is_quick

NOTE: dict[str, Any] = {
    "@context": [AS2, {"sensitive": "as:sensitive", "toot": "http://joinmastodon.org/ns#"}],
    "id": "https://b.example/o/1",
    "type": "Note",
    "content": "<p>Good evening</p>",
    "to": ["as:Public"],
}


TEXTS = st.text('ab[{"\\é😀\n', max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=60,
)


def read(raw: bytes | str, max_bytes: int = 65_536) -> dict[str, Any]:
    return json.parse(raw.encode() if isinstance(raw, str) else raw, max_bytes=max_bytes)


def refused(raw: bytes | str, max_bytes: int = 65_536) -> str:
    with pytest.raises(MalformedDocument) as caught:
        read(raw, max_bytes)
    return caught.value.reason


def with_context(context: object) -> bytes:
    return orjson.dumps({**NOTE, "@context": context})


def test_an_ordinary_note_is_read_unchanged() -> None:
    assert read(orjson.dumps(NOTE)) == NOTE
    assert read(stdlib_json.dumps(NOTE, indent=2)) == NOTE
    assert read(json.to_bytes(NOTE)) == NOTE


def test_size_is_capped() -> None:
    raw = orjson.dumps(NOTE)
    assert read(raw, max_bytes=len(raw)) == NOTE
    assert refused(raw, max_bytes=len(raw) - 1) == "too large"


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b'"a"', b"1", b"null", b"true", b"{", b"{}{}", b"{} x", b"{'a':1}", b'{"a":1,}',
     b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b'{"a":"\x00"}', b'{"a":"\n"}', b'{"a":01}', b'{"a":.5}',
     b'{"a":+1}', b'{"a":"\\x"}', b'{"a":tru}', b"{1:2}", "{}".encode("utf-16")],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    refused(raw)


# S18


@pytest.mark.parametrize(
    "raw",
    [
        '{"a":1,"a":1}',
        '{"to":"x","type":"Note","to":"y"}',
        '{"o":{"o":[{"a":1,"b":2,"a":3}]}}',
        '{"content":"a","c\\u006fntent":"b"}',
    ],
)
def test_S18_duplicate_keys_are_refused(raw: str) -> None:
    assert refused(raw) == "a key is given twice"


def test_S18_the_same_key_in_two_objects_holds() -> None:
    assert read('{"a":1,"o":[{"a":1},{"a":1}]}') == {"a": 1, "o": [{"a": 1}, {"a": 1}]}


@pytest.mark.parametrize(
    "number",
    ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e16", "9007199254740992",
     "-9007199254740992", "1" * 10_000, "-" + "9" * 10_000, "0." + "1" * 10_000,
     "1e" + "0" * 10_000, "1" * 17],
    ids=lambda number: number[:20],
)  # fmt: skip
def test_S18_absurd_numbers_are_refused(number: str) -> None:
    assert is_quick(lambda: refused(f'{{"a":{number}}}'), seconds=0.05)


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("9007199254740991", 2**53 - 1),
        ("-9007199254740991", 1 - 2**53),
        ("-71.184902", -71.184902),
        ("1e3", 1000.0),
    ],
)
def test_S18_ordinary_numbers_hold(number: str, value: float) -> None:
    assert read(f'{{"a":{number}}}') == {"a": value}


@pytest.mark.parametrize(
    "text", ["\\ud800", "\\udc00", "\\uD83D", "\\ud83dx", "\\ude00\\ud83d", "x\\uDFFF"]
)
def test_unpaired_surrogates_are_refused(text: str) -> None:
    assert refused(f'{{"a":["{text}"]}}') == "an unpaired surrogate in a text"
    assert refused(f'{{"{text}":1}}') == "an unpaired surrogate in a text"


def test_escaped_pairs_hold() -> None:
    assert read('{"a":"\\ud83d\\ude00"}') == {"a": "😀"}


def test_nul_is_refused_and_its_name_holds() -> None:
    assert refused('{"o":{"a":["x\\u0000"]}}') == "U+0000 in a text"
    assert refused('{"\\u0000":1}') == "U+0000 in a text"
    assert read('{"a":"\\\\u0000 and \\\\ud800"}') == {"a": "\\u0000 and \\ud800"}


def nested(depth: int, opening: str = '{"o":', closing: str = "}") -> str:
    return opening * (depth - 1) + "{}" + closing * (depth - 1)


def test_depth_is_capped_exactly() -> None:
    read(nested(32))
    read('{"a":' + "[" * 31 + "]" * 31 + "}")
    assert refused(nested(33)) == "nested too deeply"
    assert refused('{"a":' + "[" * 32 + "]" * 32 + "}") == "nested too deeply"


@pytest.mark.parametrize("depth", [1_025, 100_000])
@pytest.mark.parametrize(
    "shape", [('{"o":', "}"), ('{"o":[', "]}"), ("[", "]"), ("[", ""), ('{"":', "")]
)
def test_D04_deep_json_is_refused_quickly(depth: int, shape: tuple[str, str]) -> None:
    raw = nested(depth, *shape)
    assert refused(raw, max_bytes=10_000_000) == "nested too deeply"
    assert is_quick(lambda: refused(raw, max_bytes=10_000_000), seconds=0.5)


def test_breadth_and_brackets_in_texts_are_not_depth() -> None:
    wide = {"tag": [{"a": [n]} for n in range(500)], "content": "[{" * 500, "b": '\\"[' * 100}
    assert read(orjson.dumps(wide)) == wide


def test_a_text_without_end_is_linear_work() -> None:
    raw = b"[" * 40 + b'"' + b"a\\" * 100_000
    assert is_quick(lambda: refused(raw, max_bytes=1_000_000), seconds=0.5)


@given(
    st.lists(JSON, max_size=3)
    | st.dictionaries(
        st.sampled_from(["content", "to", "id", "@vocab", "@base", "x", "as", "proof"]),
        JSON | st.dictionaries(st.sampled_from(["@id", "@type", "@container", "x"]), JSON),
    )
)
def test_any_context_is_read_or_refused(context: object) -> None:
    refusal = ""
    try:
        read(with_context(context))
    except MalformedDocument as refused_:
        refusal = refused_.reason
    assert refusal != "not JSON"


@given(st.binary(max_size=200) | st.text('{}[]",:\\u0d8a1-.eE tnf', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        document = read(raw)
    except MalformedDocument:
        return
    assert read(orjson.dumps(document)) == document


@given(st.dictionaries(st.text("abc", max_size=3), JSON, max_size=5))
def test_the_depth_is_what_it_is(document: dict[str, Any]) -> None:
    def depth(value: object) -> int:
        if isinstance(value, dict):
            return 1 + max((depth(item) for item in value.values()), default=0)
        return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0

    assert json.depth_of(document) == min(depth(document), json.MAX_DEPTH + 1)
    for raw in (orjson.dumps(document), stdlib_json.dumps(document).encode()):
        if depth(document) <= json.MAX_DEPTH:
            assert read(raw) == document


# S17, S18: keywords and contexts


@pytest.mark.parametrize("keyword", ["@graph", "@included", "@reverse", "@nest"])
def test_S17_reshaping_keywords_are_refused(keyword: str) -> None:
    documents: list[dict[str, Any]] = [
        {keyword: []},
        {"object": {keyword: {}}},
        {"a": [{"b": {keyword: 1}}]},
    ]
    for document in documents:
        assert "re-shapes" in refused(orjson.dumps({**NOTE, **document}))
    assert "re-shapes" in refused(f'{{"\\u0040{keyword[1:]}":1}}')
    assert "re-shapes" in refused(with_context([AS2, {"x": {keyword: "as:actor"}}]))


HONEST: list[object] = [
    AS2,
    [AS2],
    [AS2, "https://w3id.org/security/v1", "https://unknown.example/ns"],
    # As several servers send them.
    [
        AS2,
        {
            "@language": "und",
            "Hashtag": "as:Hashtag",
            "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
            "movedTo": {"@id": "as:movedTo", "@type": "@id"},
            "toot": "http://joinmastodon.org/ns#",
            "featured": {"@id": "toot:featured", "@type": "@id"},
            "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
            "schema": "http://schema.org#",
            "PropertyValue": "schema:PropertyValue",
            "value": "schema:value",
            "publicKeyBase64": "toot:publicKeyBase64",
        },
    ],
    [AS2, {"pt": "https://joinpeertube.org/ns#", "likes": {"@id": "as:likes", "@type": "@id"}}],
    [AS2, {"sc": "http://schema.org#", "location": {"@id": "sc:location", "@type": "sc:Place"}}],
    [AS2, {"@vocab": "_:", "@version": 1.1, "id": "@id", "type": "@type"}],
    [AS2, {"to": {"@id": "as:to", "@type": "@id"}, "content": f"{AS2}#content"}],
    [AS2, {"inbox": {"@id": "http://www.w3.org/ns/ldp#inbox", "@type": "@id"}}],
    [AS2, {"publicKey": "sec:publicKey", "owner": {"@type": "@id"}}],
    [AS2, {"as": f"{AS2}#", "tertulia": "urn:tertulia:ns:1#"}],
    [AS2, {"unused": None}],
]


@pytest.mark.parametrize("context", HONEST)
def test_S18_honest_contexts_hold(context: object) -> None:
    assert read(with_context(context))["content"] == NOTE["content"]
    inner = {**NOTE, "object": {**NOTE, "@context": context}}
    assert read(orjson.dumps(inner)) == inner


@pytest.mark.parametrize(
    "context",
    [
        {"content": None},
        {"content": {"@id": None}},
        {"content": "as:summary"},
        {"actor": "as:to"},
        {"to": "https://e.example/ns#hidden"},
        {"to": {"@id": "as:cc", "@type": "@id"}},
        {"object": {"@id": "as:object", "@type": "@id", "@context": {"content": None}}},
        {"attributedTo": "as:actor"},
        {"publicKey": "https://e.example/k"},
        {"proof": "as:tag"},
        {"as": "https://e.example/ns#"},
        {"id": "as:url"},
        {"type": "as:name"},
        {"kind": "@type"},
        {"wrap": "@graph"},
        {"wrap": {"@id": "as:items", "@container": "@graph"}},
        {"wrap": {"@id": "@nest"}},
        {"x": {"@id": "ex:x", "@context": {}}},
        {"x": {"@id": "ex:x", "@propagate": False}},
        {"@base": "https://e.example/"},
        {"@import": "https://e.example/ns"},
        {"@propagate": False},
        None,
        1,
        [None],
        [[AS2]],
        {"content": ["as:content"]},
        {"inbox": {"@id": None}},
        {"unused": ["x"]},
        {"unused": 1},
        {"unused": {"@id": ["x"]}},
        {"unused": {"@id": "x", "@container": {}}},
        {"content": True},
    ],
)
def test_S18_contexts_that_change_meaning_are_refused(context: object) -> None:
    entries = context if isinstance(context, list) or context is None else [AS2, context]
    refused(with_context(entries))
    refused(orjson.dumps({**NOTE, "object": {"@context": entries, "type": "Note"}}))


# Reading


def test_a_property_is_a_list_however_it_is_written() -> None:
    assert json.as_list(None) == []
    assert json.as_list("a") == ["a"]
    assert json.as_list(["a", "b"]) == ["a", "b"]
    assert json.as_list({"id": "a"}) == [{"id": "a"}]
