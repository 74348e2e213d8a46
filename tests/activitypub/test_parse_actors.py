"""Actors of other servers: believed for their own origin only."""

from typing import Any

import pytest

from activitypub.json import MalformedDocument
from activitypub.parse.actors import is_actor, parse_actor, parse_key
from domain.kinds import ActorType, KeyType

ANA = "https://b.example/users/ana"
KEY = {"id": f"{ANA}#main-key", "owner": ANA, "publicKeyPem": "PEM"}


def actor(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": ANA,
        "type": "Person",
        "preferredUsername": "ana",
        "inbox": f"{ANA}/inbox",
        "publicKey": KEY,
    } | changes
    return {name: value for name, value in whole.items() if value != "absent"}


def test_an_actor_is_read() -> None:
    multikey = {"id": f"{ANA}#ed", "controller": ANA, "publicKeyMultibase": "z6Mk"}
    read = parse_actor(
        actor(
            name="Ana",
            summary="<p>Welder<script>x</script></p>",
            endpoints={"sharedInbox": "https://b.example/inbox"},
            followers=f"{ANA}/followers",
            icon={"type": "Image", "url": "https://b.example/a.png"},
            manuallyApprovesFollowers=True,
            attachment=[{"type": "PropertyValue", "name": "Site", "value": "<b>x</b>"}],
            assertionMethod=[multikey],
            webfinger="ana@people.example",
        )
    )
    assert (read.id, read.type, read.handle, read.name) == (ANA, ActorType.PERSON, "ana", "Ana")
    assert read.summary == "<p>Welder</p>"
    assert (read.inbox, read.shared_inbox) == (f"{ANA}/inbox", "https://b.example/inbox")
    assert read.followers == f"{ANA}/followers"
    assert (read.avatar, read.locked) == ("https://b.example/a.png", True)
    assert read.fields == (("Site", "<b>x</b>"),)
    assert [(key.id, key.type) for key in read.keys] == [
        (f"{ANA}#main-key", KeyType.RSA),
        (f"{ANA}#ed", KeyType.ED25519),
    ]
    assert read.webfinger == "ana@people.example"


@pytest.mark.parametrize(
    ("icon", "text"),
    [
        ({"url": "https://b.example/a.png", "name": "A <b>\nrobot"}, "A <b> robot"),
        ([{"url": "https://b.example/a.png", "summary": "A robot"}], "A robot"),
        ({"url": "https://b.example/a.png", "name": 7}, None),
        ("https://b.example/a.png", None),
        (None, None),
    ],
)
def test_H01_what_is_on_a_picture_is_one_line_of_plain_text(icon: Any, text: str | None) -> None:
    assert parse_actor(actor(icon=icon, image=icon)).avatar_text == text
    assert parse_actor(actor(image=icon)).header_text == text


@pytest.mark.parametrize(
    "inbox", ["absent", None, 7, "", "/inbox", "https://e.example/inbox", "http://b.example/inbox"]
)
def test_O08_an_inbox_elsewhere_or_nowhere_is_refused(inbox: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_actor(actor(inbox=inbox))


@pytest.mark.parametrize("name", ["outbox", "followers", "following"])
def test_O08_collections_elsewhere_are_not_believed(name: str) -> None:
    assert getattr(parse_actor(actor(**{name: "https://e.example/all"})), name) is None
    shared = {"sharedInbox": "https://e.example/inbox"}
    assert parse_actor(actor(endpoints=shared)).shared_inbox is None


@pytest.mark.parametrize(
    "key",
    [
        KEY | {"owner": "https://b.example/users/bo"},
        KEY | {"id": "https://e.example/key"},
        KEY | {"id": 7},
        {name: value for name, value in KEY.items() if name != "owner"},
        "https://b.example/keys/1",
        7,
    ],
)
def test_S13_a_key_of_somebody_else_is_not_the_actors(key: Any) -> None:
    assert parse_actor(actor(publicKey=key)).keys == ()


def test_several_keys_are_read_and_too_many_are_cut() -> None:
    keys = [KEY | {"id": f"{ANA}#key-{n}"} for n in range(12)]
    assert len(parse_actor(actor(publicKey=keys)).keys) == 10


@pytest.mark.parametrize("handle", ["absent", None, 7, "", "a b", "ana@b.example", "ü", "x" * 300])
def test_a_handle_outside_the_grammar_is_refused(handle: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_actor(actor(preferredUsername=handle))


@pytest.mark.parametrize("kind", ["Note", [], None, 7, "Nothing"])
def test_what_is_no_actor_is_refused(kind: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_actor(actor(type=kind))


def test_one_of_several_types_is_enough() -> None:
    assert parse_actor(actor(type=["Person", "schema:Person"])).type is ActorType.PERSON
    assert is_actor({"type": ["x", "as:Group"]})
    assert not is_actor({"type": "Note"})


@pytest.mark.parametrize("uri", [f"{ANA}#me", "https://u@b.example/users/ana", "x:y", 7, None])
def test_O17_an_id_that_is_none_is_refused(uri: Any) -> None:
    with pytest.raises(MalformedDocument):
        parse_actor(actor(id=uri))


def test_a_key_may_be_a_document_of_its_own() -> None:
    read = parse_key(KEY | {"type": "Key"})
    assert (read.id, read.owner, read.type) == (f"{ANA}#main-key", ANA, KeyType.RSA)
    with pytest.raises(MalformedDocument):
        parse_key({"id": ANA, "type": "Note"})
