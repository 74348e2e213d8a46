"""The quick reading of ordinary documents: what the strict one reads, or it is not taken."""

import json as stdlib_json
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from activitypub import json
from activitypub.json import AS2, MalformedDocument
from activitypub.vocabulary import COMMUNITY_CONTEXT, POST_CONTEXT
from tests.support.timing import is_quick

_LARGEST = 1 << 20

BLANKS = st.text(" \t\r\n", max_size=2)
#: One letter as it may be written in a string: plainly or escaped, sound or not.
LETTERS = st.sampled_from(
    [
        *"ab:{}[],@/é€😀\x7f\u2028\x00\t",
        *('\\"', "\\\\", "\\/", "\\n", "\\t", "\\x", "\\u00", "\\u0000", "\\u0022", "\\u005c"),
        *("\\u003c", "\\u0061", "\\u0062", "\\u00E9", "\\ud83d\\ude00", "\\ud800", "\\ude00"),
        *('\\\\"', "\\\\u0000", "\\\\\\u0000", '\\\\\\"'),
    ]
)
STRINGS = st.lists(LETTERS, max_size=5).map(lambda letters: f'"{"".join(letters)}"')
KEYS = STRINGS | st.sampled_from(
    [
        *('"a"', '"\\u0061"', '"b"', '":"', '"a:"', '""', '"@id"', '"@type"', '"id"', '"content"'),
        *('"@graph"', '"@gr\\u0061ph"', '"@nest"', '"@included"', '"@reverse"'),
        *('"@context"', '"\\u0040context"'),
    ]
)
POWERS = [2**power + more for power in (53, 63, 64) for more in (-1, 0, 1)]
NUMBERS = st.integers(-(2**70), 2**70).map(str) | st.sampled_from(
    [
        *("0", "-0", "-0.0", "1", "17", "1.5", "1e3", "1E+2", "1e400", "-1e400", "1e-400", "01"),
        *("1.", ".5", "+1", "-", "0." + "1" * 40, "1" + "0" * 40, "1." + "0" * 31, "1" * 17),
        *("1" * 300, "NaN", "Infinity", "-Infinity"),
        *map(str, POWERS),
        *(f"-{power}" for power in POWERS),
    ]
)
SCALARS = STRINGS | NUMBERS | st.sampled_from(["true", "false", "null", "tru", "'a'", ""])
CONTEXTS = st.sampled_from(
    [
        *(AS2, POST_CONTEXT, COMMUNITY_CONTEXT, [AS2], [AS2, None], [[AS2]], {"@version": 1.1}),
        *({"id": "@id"}, {"id": "as:url"}, {"x": {"@container": "@list"}}),
        *({"x": {"@id": "x", "@type": [[["y"]]]}}, {"x": {"@type": {"@graph": 1}}}),
        {"x": {"@type": {"@context": {"content": None}}}},
    ]
).map(stdlib_json.dumps)


#: The same without what is refused anyway: what is left may be refused for its keys alone.
SOUND_LETTERS = st.sampled_from(
    [
        "a",
        ":",
        "{",
        "[",
        ",",
        "é",
        '\\"',
        "\\\\",
        "\\n",
        "\\u0022",
        "\\u005c",
        "\\u003c",
        "\\\\u0000",
    ]
)
SOUND_STRINGS = st.lists(SOUND_LETTERS, max_size=4).map(lambda letters: f'"{"".join(letters)}"')
SOUND_KEYS = st.sampled_from(
    ['"a"', '"b"', '"c"', '"d"', '"\\u0061"', '":"', '"a:"', '"\\":"', '"\\\\"', '"@context"']
)
SOUND_SCALARS = SOUND_STRINGS | st.sampled_from(["0", "-0", "17", str(2**53 - 1), "null", "true"])


@st.composite
def objects(draw: st.DrawFn, keys: st.SearchStrategy[str], inner: st.SearchStrategy[str]) -> str:
    pairs = []
    for _ in range(draw(st.integers(0, 4))):
        key = draw(keys)
        value = draw(CONTEXTS if "context" in key and draw(st.integers(0, 4)) else inner)
        pairs.append(draw(BLANKS) + key + draw(BLANKS) + ":" + draw(BLANKS) + value + draw(BLANKS))
    return "{" + ",".join(pairs) + "}"


def listed(values: list[str]) -> str:
    return f"[{','.join(values)}]"


def values(keys: st.SearchStrategy[str], scalars: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        scalars,
        lambda inner: objects(keys, inner) | st.lists(inner, max_size=4).map(listed),
        max_leaves=20,
    )


VALUES = values(KEYS, SCALARS)
SOUND = objects(SOUND_KEYS, values(SOUND_KEYS, SOUND_SCALARS))
TEXTS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", " \n", "\ufeff", "\x0c"]),
    objects(KEYS, VALUES) | VALUES,
    st.sampled_from(["", "", "", " \n", "\x00", "x", "{}", '"', "//"]),
)


def outcome(raw: bytes, *, strict: bool) -> str:
    """What comes of it: the tree with its types and the order of its keys, or the reason."""
    try:
        found = json._strictly(raw) if strict else json.parse(raw, max_bytes=_LARGEST)
        return repr(found)
    except MalformedDocument as refused:
        return refused.reason


def same(raw: bytes) -> None:
    assert outcome(raw, strict=False) == outcome(raw, strict=True)


class Counted:
    """Something of `json`, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.asked: list[Any] = []
        self.real = getattr(json, name)
        monkeypatch.setattr(json, name, self)

    def __call__(self, one: Any) -> Any:
        self.asked.append(one)
        return self.real(one)


def goes_strictly(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the strict parser was asked."""
    with monkeypatch.context() as patch:
        counted = Counted(patch, "_strictly")
        outcome(raw, strict=False)
    return bool(counted.asked)


@settings(max_examples=600)
@given(TEXTS)
@example('{"a":1,"a":"\\""}')
@example('{"a":"x","a":"\\\\"}')
@example('{"a":"\\\\","a":"\\\\"}')
@example('{"a":{"b":1,"b":2},":":":"}')
@example('{"a" :1,"a"\n:1,"x":":"}')
@example('{"\\u0061":"","a":1}')
@example('{"@context":{"@context":1}}')
def test_any_text_is_read_as_strictly(text: str) -> None:
    same(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=600)
@given(SOUND)
def test_any_keys_are_read_as_strictly(text: str) -> None:
    same(text.encode())


@given(TEXTS | SOUND, st.integers(0), st.binary(min_size=1, max_size=3))
def test_any_damaged_text_is_read_as_strictly(text: str, at: int, more: bytes) -> None:
    raw = text.encode()
    cut = at % (len(raw) + 1)
    same(raw[:cut] + more + raw[cut:])
    same(raw[:cut] + more + raw[cut + 1 :])


@given(st.binary(max_size=100))
def test_any_bytes_are_read_as_strictly(raw: bytes) -> None:
    same(raw)
    same(b'{"a":"' + raw + b'"}')


@pytest.mark.parametrize("depth", range(24, 36))
@pytest.mark.parametrize("shape", [('{"o":', "}"), ("[", "]"), ('{"@context":', "}")])
@pytest.mark.parametrize("leaf", ["1", '"a"', "[]", "null", f'{{"@context":"{AS2}"}}', "1.5"])
def test_any_depth_is_read_as_strictly(depth: int, shape: tuple[str, str], leaf: str) -> None:
    opening, closing = shape
    same(f'{{"a":{opening * depth}{leaf}{closing * depth}}}'.encode())


@pytest.mark.parametrize("depth", range(24, 36))
@pytest.mark.parametrize(
    "context",
    [
        *("1", f'"{AS2}"', stdlib_json.dumps(POST_CONTEXT)),
        stdlib_json.dumps([{"x": {"@id": "x", "@container": ["@set"]}}]),  # the deepest that holds
    ],
)
def test_contexts_at_any_depth_are_read_as_strictly(depth: int, context: str) -> None:
    inside = f'{{"a":{"[" * depth}{{"@context":{context}}}{"]" * depth}}}'
    same(inside.encode())
    same(f'{{"@context":{context},"a":{inside}}}'.encode())


# That it is taken, and what it is not taken for.

POST: dict[str, Any] = {
    "@context": POST_CONTEXT,
    "id": "https://b.example/o/1/activity",
    "type": "Create",
    "object": {
        "id": "https://b.example/o/1",
        "type": "Note",
        "content": '<p>Ana said: "yes" :blob: \\o/ &amp; <a href="https://c.example/">this</a></p>\n',
        "published": "2026-01-01T00:00:00Z",
        "sensitive": False,
        "inReplyTo": None,
        "votersCount": 2**53 - 1,
        "tag": [{"type": "Emoji", "name": ":blob:", "icon": {"width": 0, "é€😀": []}}],
    },
}


@pytest.mark.parametrize(
    "raw",
    [
        orjson.dumps(POST),
        stdlib_json.dumps(POST).encode(),
        stdlib_json.dumps(POST, indent="\t", separators=(" ,\r\n", " \n: ")).encode(),
        # As Ruby on Rails writes it.
        orjson.dumps(POST).replace(b"<", b"\\u003c").replace(b">", b"\\u003E"),
        orjson.dumps(POST).replace(b"/", b"\\/"),
        orjson.dumps({**POST, "@context": AS2}),
        orjson.dumps({**POST, "@context": {"unused": None}}),
        orjson.dumps({"a": "\\u0000 and \\ud800 and \\"}),
        orjson.dumps({"a": {"@context": POST_CONTEXT, "b": [{"@context": POST_CONTEXT}]}}),
    ],
)
def test_an_ordinary_document_is_read_once(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not goes_strictly(raw, monkeypatch)
    same(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":":","a":{"\\":":1}}',
        b'{"a":1.5}',
        b'{"a":1e3}',
        b'{"a":9007199254740992}',
        b'{"a":-9007199254740992}',
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"@nest":1}',
        b'{"a":[{"@gr\\u0061ph":1}]}',
        b'{"@context":{"content":null}}',
        b'{"@context":null}',
        b'{"@context":{"x":{"@type":{"@graph":1}}}}',
        b'{"@context":{"x":{"@type":{"@context":"x"}}}}',
        b"[]",
        b'"a"',
        b"{}{}",
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
    ],
)
def test_what_is_doubtful_is_read_strictly(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert goes_strictly(raw, monkeypatch)
    same(raw)


def test_S18_a_context_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch, "_check_context")
    context = [AS2, {"seldom": "https://seldom.example/ns#seldom"}]
    for number in range(5):
        assert outcome(orjson.dumps({"@context": context, "id": number}), strict=False)[0] == "{"
    assert counted.asked == [context]


def test_S18_a_refused_context_stays_refused() -> None:
    raw = orjson.dumps({"@context": [AS2, {"content": "as:summary"}]})
    for _ in range(3):
        assert outcome(raw, strict=False) == "a context changes what a term means"


def test_a_good_context_hides_no_equal_keys() -> None:
    good = orjson.dumps({"@context": POST_CONTEXT, "id": 1})
    assert outcome(good, strict=False)[0] == "{"
    for twice in (
        good.replace(b'"toot":', b'"toot":"x","toot":'),
        good.replace(b'"id":1', b'"id":1,"id":1'),
        good.replace(b'"@context":', b'"@context":"x","@context":'),
        b'{"@context":"x",' + good[1:],
    ):
        assert outcome(twice, strict=False) == "a key is given twice"


@pytest.mark.parametrize(
    "context",
    [
        [AS2, {f"term{number}": "as:term" for number in range(9_000)}],
        [AS2] * 20_000,
        {"x": {"@type": [[[[[["x"]]]]]]}},
    ],
    ids=["long", "wide", "deep"],
)
def test_D07_only_usual_contexts_are_remembered(context: object) -> None:
    before = json._strings_of_good_context.cache_info().currsize
    raw = orjson.dumps({"@context": context})
    same(raw)
    assert json._strings_of_good_context.cache_info().currsize == before


def test_D04_many_contexts_are_linear_work() -> None:
    many = [{"@context": {f"x{number}": "y"}} for number in range(8_000)]
    raw = orjson.dumps({"a": many})
    assert outcome(raw, strict=False)[0] == "{"
    assert is_quick(lambda: outcome(raw, strict=False), seconds=1)
    info = json._strings_of_good_context.cache_info()
    assert info.currsize <= json._MOST_CONTEXTS


def test_D04_contexts_in_contexts_are_linear_work() -> None:
    raw = b'{"@context":{"x":{"@type":' * 40_000
    inside = b'{"@context":{"x":{"@type":' * 10 + b"1" + b"}}}" * 10
    for one in (raw[: 1 << 18], b'{"a":[' + b",".join([inside] * 700) + b"]}"):
        assert is_quick(partial(outcome, one, strict=False), seconds=0.5)
