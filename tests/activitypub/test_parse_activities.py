"""The envelope of an activity: strict about shape (O17), tolerant about spelling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub.json import PUBLIC, MalformedDocument
from activitypub.parse import fields
from activitypub.parse.activities import inner_activity, parse_activity
from domain.addresses import BadUrl, parse_url

ANA = "https://b.example/users/ana"
NOTE = "https://b.example/notes/1"


def follow(**changes: Any) -> dict[str, Any]:
    whole = {"id": f"{ANA}#follows/1", "type": "Follow", "actor": ANA, "object": NOTE} | changes
    return {name: value for name, value in whole.items() if value != "absent"}


def test_an_activity_is_read() -> None:
    activity = parse_activity(follow(to=NOTE, cc=[ANA, ANA], published="2026-11-22T10:00:00Z"))
    assert (activity.type, activity.actor, activity.object_id) == ("Follow", ANA, NOTE)
    assert activity.embedded is None
    assert activity.addressees == (NOTE, ANA)
    assert activity.published == 1_795_341_600_000


def test_an_embedded_object_keeps_its_id() -> None:
    activity = parse_activity(follow(object={"id": NOTE, "type": "Note"}))
    assert activity.object_id == NOTE
    assert activity.embedded == {"id": NOTE, "type": "Note"}


def test_a_list_of_one_is_that_one() -> None:
    assert parse_activity(follow(object=[NOTE])).object_id == NOTE


def test_a_type_with_its_namespace_is_the_type() -> None:
    assert parse_activity(follow(type="as:Follow")).type == "Follow"
    full = "https://www.w3.org/ns/activitystreams#Follow"
    assert parse_activity(follow(type=full)).type == "Follow"


@pytest.mark.parametrize("name", ["type", "actor", "id"])
@pytest.mark.parametrize(
    "value", [["Follow"], {"id": ANA}, None, 7, True, "", "absent", "x" * 3000]
)
def test_O17_a_name_that_is_no_single_name_is_refused(name: str, value: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_activity(follow(**{name: value}))


@pytest.mark.parametrize("value", [[NOTE] * 10_000, [], [NOTE, NOTE], 7, None, "absent", "word"])
def test_O17_an_object_that_is_not_one_thing_is_refused(value: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_activity(follow(object=value))


@pytest.mark.parametrize(
    "uri",
    [
        f"{ANA}#me",
        "https://eve@b.example/users/ana",
        "https://b.example@e.example/users/ana",
        "ftp://b.example/users/ana",
        "file:///etc/passwd",
        "acct:ana@b.example",
        "https://B.example/users/ana",
        "https://b.example.:443/users/ana",
        "https://b.example:443/users/ana",
        "https://b\u3002example/users/ana",
        "https://b.example\\@e.example/users/ana",
        "//b.example/users/ana",
        "https:///users/ana",
        "https://b.example/users/../users/ana",
    ],
)
def test_O17_an_actor_id_that_two_parsers_might_read_differently_is_refused(uri: str) -> None:
    with pytest.raises(MalformedDocument):
        parse_activity(follow(actor=uri))


def test_an_activity_may_be_numbered_by_a_fragment_and_an_actor_may_not() -> None:
    assert parse_activity(follow(id=f"{ANA}#likes/3/undo")).id.endswith("#likes/3/undo")
    with pytest.raises(MalformedDocument):
        parse_activity(follow(actor=f"{ANA}#likes/3"))


@pytest.mark.parametrize("spelling", ["as:Public", "Public", PUBLIC])
@pytest.mark.parametrize("form", [lambda one: one, lambda one: [one], lambda one: [ANA, one]])
def test_O18_every_spelling_of_public_is_public(spelling: str, form: Any) -> None:
    assert PUBLIC in parse_activity(follow(to=form(spelling))).to


def test_O18_an_unknown_addressee_is_nobody() -> None:
    assert parse_activity(follow(to=["everybody", 7, None, {"name": "x"}, "as:public"])).to == ()


def test_O19_hidden_recipients_are_kept_nowhere() -> None:
    activity = parse_activity(follow(bto=[ANA], bcc=NOTE))
    assert ANA not in activity.addressees
    assert NOTE not in activity.addressees


def test_D07_ten_thousand_addressees_are_refused_and_a_thousand_are_read() -> None:
    with pytest.raises(MalformedDocument):
        parse_activity(follow(to=[f"https://b.example/{n}" for n in range(10_000)]))
    assert (
        len(parse_activity(follow(to=[f"https://b.example/{n}" for n in range(1000)])).to) == 1000
    )


def test_what_is_undone_may_come_whole_or_as_an_id() -> None:
    whole = {"id": f"{ANA}#likes/1", "type": "Like", "actor": ANA, "object": NOTE}
    inner = inner_activity(parse_activity(follow(type="Undo", object=whole)))
    assert (inner.id, inner.type, inner.actor, inner.object_id) == (
        f"{ANA}#likes/1",
        "Like",
        ANA,
        NOTE,
    )
    bare = inner_activity(parse_activity(follow(type="Undo", object=f"{ANA}#likes/1")))
    assert (bare.id, bare.type, bare.actor, bare.object_id) == (f"{ANA}#likes/1", None, None, None)


def test_what_is_undone_may_come_without_an_id() -> None:
    part = {"type": "Follow", "actor": ANA, "object": {"id": NOTE}}
    inner = inner_activity(parse_activity(follow(type="Undo", object=part)))
    assert (inner.id, inner.object_id) == (None, NOTE)


@pytest.mark.parametrize(
    "host", ["b.example", "b.example:8443", "B.example", "b..example", "1.2", ""]
)
@pytest.mark.parametrize(
    "rest",
    [
        "/a/1",
        "/a.b/c",
        "/@ana",
        "/.",
        "/..",
        "/a/../b",
        "/a/.",
        "//a",
        "/a#b",
        "/a#b@c",
        "#x",
        "/%2e",
    ],
)
def test_O17_the_quick_look_at_an_id_and_the_thorough_one_agree(host: str, rest: str) -> None:
    raw = f"https://{host}{rest}"
    try:
        url = parse_url(raw)
        thorough = raw.startswith(url.origin) and raw[len(url.origin) :][:1] in {"/", "#", ""}
    except BadUrl:
        thorough = False
    try:
        assert fields.checked_id(raw, "it", fragment=True) == raw
        assert fields.origin_of(raw) == parse_url(raw).origin
        quick = True
    except MalformedDocument:
        quick = False
    assert quick is thorough


@given(st.text("abcXYZ09./:@#?%-_~\\ [];é", max_size=40))
def test_O17_the_two_looks_agree_about_anything(rest: str) -> None:
    raw = f"https://{rest}"
    try:
        url = parse_url(raw)
        thorough = raw.startswith(url.origin) and raw[len(url.origin) :][:1] in {*"/?#", ""}
    except BadUrl:
        thorough = False
    try:
        fields.checked_id(raw, "it", fragment=True)
        quick = True
    except MalformedDocument:
        quick = False
    assert quick is thorough
