"""Why new servers fail (facts: federation.md §6), 19 to 30: whom posts reach, and what they say."""

import asyncio
from typing import Any

import pytest

from domain.kinds import DeliveryState, Preset
from federation.discovery import find_actor
from storage.views.actors import ActorView
from tests.gotchas.talk import Talk
from tests.inbox.giving import dropped, give, in_vain
from tests.inbox.home import Home
from tests.inbox.test_activities import ask
from tests.outbox.test_deliver import World, nothing_left, sending, world
from tests.support.lemmy import Lemmy
from tests.support.listeners import Seen as Heard
from tests.support.listeners import reply, scripted_server
from tests.support.nodes import until
from tests.support.stranger import PUBLIC, Person, Stranger
from tests.together.communities import found

__all__ = ["world"]


@pytest.mark.interop(
    "Create{Note} to followers", "out", "addressed alike on activity and post", peer="a stranger"
)
async def test_gotcha_19_addresses_stand_on_both_and_are_spelled_as_the_actor_s(
    talk: Talk, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await talk.liv.say("for followers", visibility="private")
    _, create = await talk.heard("Create")
    assert create["to"] == create["object"]["to"] == [f"{talk.liv.uri}/followers"]
    assert create["cc"] == create["object"]["cc"]
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    right = b.note(ana, to=[ana.document["followers"]], cc=[])
    await give(here, ana, b.activity(ana, "Create", right))
    row = await here.stored(right["id"])
    assert row is not None
    assert row.kind.name == "FOLLOWERS"
    for followers in (f"{ana.uri}/followers/", f"{ana.uri}/Followers"):
        wrong = b.note(ana, to=[followers], cc=[])
        await give(here, ana, b.activity(ana, "Create", wrong))
        assert await here.stored(wrong["id"]) is None, "nobody is addressed"


@pytest.mark.interop(
    "Create{Note} that names somebody", "out", "a Mention and an address", peer="a stranger"
)
async def test_gotcha_20_a_mention_is_a_tag_and_an_address(
    talk: Talk, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await talk.liv.find(f"@zoe@{talk.far.authority}")
    await talk.liv.say(f"hello @zoe@{talk.far.authority}")
    _, create = await talk.heard("Create")
    note = create["object"]
    tagged = [tag for tag in note["tag"] if tag["type"] == "Mention"]
    assert [tag["href"] for tag in tagged] == [talk.zoe.uri]
    assert tagged[0]["name"] == f"@zoe@{talk.far.authority}"
    assert talk.zoe.uri in [*note["to"], *note["cc"]]
    tag = [{"type": "Mention", "href": alice.uri, "name": "@alice"}]
    tagged_only = b.note(ana, to=[ana.document["followers"]], cc=[], tag=tag)
    await give(here, ana, b.activity(ana, "Create", tagged_only))
    assert await here.rows("notifications") == []
    both = b.note(ana, to=[PUBLIC, alice.uri], tag=tag)
    await give(here, ana, b.activity(ana, "Create", both))
    assert len(await here.rows("notifications")) == 1


async def test_gotcha_21_a_mention_may_lead_to_the_profile_page(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    tag = [{"type": "Mention", "href": alice.url, "name": "@alice"}]
    note = b.note(ana, to=[PUBLIC], cc=[alice.uri], tag=tag)
    await give(here, ana, b.activity(ana, "Create", note))
    assert len(await here.rows("notifications")) == 1


async def test_gotcha_22_what_concerns_nobody_here_is_not_kept(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await in_vain(here, ana, b.activity(ana, "Create", b.note(ana)))
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    note = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", note))
    assert await here.stored(note["id"]) is not None


@pytest.mark.interop("Update{Note}", "out", "says when it was changed", peer="a stranger")
async def test_gotcha_23_an_edit_says_when(
    talk: Talk, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    said = await talk.liv.say("first")
    await talk.liv.put(f"/api/v1/statuses/{said['id']}", status="second")
    _, update = await talk.heard("Update")
    note = update["object"]
    assert note["updated"] > note["published"]
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    theirs = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", theirs))
    silent = theirs | {"content": "<p>changed</p>"}  # a server that does not say when
    await give(here, ana, b.activity(ana, "Update", silent))
    row = await here.stored(theirs["id"])
    assert row is not None
    assert row.content == "<p>changed</p>"
    assert row.edited_at is not None


@pytest.mark.parametrize("form", ["whole", "id", "without an id", "another id", "of another"])
async def test_gotcha_24_an_accept_in_any_form(
    here: Home, b: Stranger, ana: Person, alice: ActorView, form: str
) -> None:
    _, uri = await ask(here, alice, ana)
    whole = {"id": uri, "type": "Follow", "actor": alice.uri, "object": ana.uri}
    inner: Any = {
        "whole": whole,
        "id": uri,
        "without an id": {name: value for name, value in whole.items() if name != "id"},
        "another id": whole | {"id": b.url("/follows/1")},
        "of another": {"type": "Follow", "actor": f"{here.node.origin}/a/9", "object": ana.uri},
    }[form]
    await give(here, ana, b.activity(ana, "Accept", inner))
    assert (await dropped(here) is None) is (form != "of another")


@pytest.mark.interop(
    "Announce{Create{Note}}", "out", "a post in the community", peer="scripted Lemmy"
)
async def test_gotcha_25_lemmy_finds_the_community_in_its_addresses(talk: Talk) -> None:
    lemmy = Lemmy(talk.far, talk.inbox)
    lena = lemmy.person("lena")
    bo = await talk.node.person("bo")
    community = await found(talk.node, talk.liv, bo, preset=Preset.WORLD)
    uri = f"{talk.node.origin}/a/{community.id}"
    await lemmy.subscribe(lena, uri)

    async def subscribed() -> bool:
        return lena.uri in lemmy.places[uri].subscribed

    await until(subscribed)
    await bo.say("@safe-lifting How do you lift a piano?")

    async def there() -> bool:
        return bool(lemmy.places[uri].titles())

    await until(there)
    assert {kind for kind, _ in lemmy.refused} <= {"Announce"}, "the bare one is for Mastodon"
    (thread,) = lemmy.places[uri].shown()
    note = thread.document
    assert uri in [*note["to"], *note["cc"]]
    assert note["audience"] == uri
    assert PUBLIC in [*note["to"], *note["cc"]]


async def test_gotcha_26_one_value_or_a_list(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    tag = {"type": "Mention", "href": alice.uri, "name": "@alice"}
    picture = {"type": "Document", "mediaType": "image/png", "url": b.url("/x.png"), "name": "x"}
    single = b.note(ana, to=alice.uri, cc=PUBLIC, tag=tag, attachment=picture)
    channel = {"type": "Group", "id": b.url("/c/films")}
    person = {"type": "Person", "id": ana.uri}
    several = b.note(
        ana,
        to=[alice.uri],
        tag=[tag],
        attachment=[picture],
        attributedTo=[channel, person],
        type=["Note", "Article"],
    )
    for note in (single, several):
        await give(here, ana, b.activity(ana, "Create", note))
        assert await here.stored(note["id"]) is not None
    assert len(await here.rows("notifications")) == 2


@pytest.mark.interop(
    "Create{Note}", "out", "to each inbox where none is shared", peer="scripted GoToSocial"
)
async def test_gotcha_27_no_shared_inbox_and_202_is_no_promise(talk: Talk) -> None:
    gerd = talk.far.person("gerd", endpoints={"sharedInbox": ""})  # as GoToSocial has it
    follow = talk.far.activity(gerd, "Follow", talk.liv.uri)
    assert (await talk.far.deliver(gerd, talk.inbox, follow)).status == 202

    async def accepted() -> bool:
        for who in await talk.liv.get("/api/v1/follow_requests"):
            await talk.liv.post(f"/api/v1/follow_requests/{who['id']}/authorize")
        return any(seen.path == "/users/gerd/inbox" for seen in talk.far.seen)

    await until(accepted)
    await talk.liv.say("to each door")

    async def delivered() -> bool:
        doors = {seen.path for seen in talk.far.seen if b'"Create"' in seen.body}
        return doors == {"/inbox", "/users/gerd/inbox"}

    await until(delivered)
    # 202 came for all of it: nothing here believes more than that it was taken.
    assert (await talk.liv.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 2


@pytest.mark.parametrize("letter", ["x", "\U0001f984", "&", '"'])
async def test_gotcha_28_the_longest_post_fits_everywhere(talk: Talk, letter: str) -> None:
    await talk.liv.say(letter * 5_000)
    seen, _ = await talk.heard("Create")
    assert len(seen.body) < 64 << 10


async def test_gotcha_29_an_article_keeps_its_words_and_its_summary_is_no_warning(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    article = b.note(ana, type="Article", name="A title", summary="<p>In short</p>")
    note = b.note(ana, summary="careful")
    for document in (article, note):
        await give(here, ana, b.activity(ana, "Create", document))
    long, short = await here.stored(article["id"]), await here.stored(note["id"])
    assert long is not None
    assert short is not None
    assert (long.title, long.summary, long.sensitive) == ("A title", "", False)
    assert long.content.startswith("<p>In short</p><p>hello</p>")
    assert (short.title, short.summary, short.sensitive) == ("", "careful", True)


@pytest.mark.parametrize(
    ("status", "state"),
    [(400, "DEAD"), (403, "DEAD"), (404, "DEAD"), (410, None), (429, "WAITING"), (503, "WAITING")],
)
async def test_gotcha_30_each_refusal_has_its_patience(
    world: World, status: int, state: str | None
) -> None:
    rest = {"Retry-After": "3600"} if status in {429, 503} else {}

    def answer(_: Heard) -> bytes:
        return reply(status=f"{status} No", headers=rest)

    async with scripted_server(answer) as sink, sending(world):
        await world.send(await world.receiver(sink))
        await until(lambda: asyncio.sleep(0, bool(sink.seen)))

        async def settled() -> bool:
            left = await world.left()
            return [row[0] for row in left] == ([DeliveryState[state]] if state else [])

        await until(settled)
        await asyncio.sleep(0.3)  # several times the first pause of this pace
    tries = 2 if status == 400 else 1  # a 400 may mean the signature: knocked a second time
    assert len(sink.seen) == tries
    if state is None:
        assert await nothing_left(world)


async def test_gotcha_30_a_401_is_knocked_at_twice_and_a_deleted_post_stays_away(
    world: World, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    def answer(seen: Heard) -> bytes:
        return reply(status="202 Accepted" if "signature-input" in seen.headers else "401 No")

    async with scripted_server(answer) as sink, sending(world):
        await world.send(await world.receiver(sink))
        await until(lambda: nothing_left(world))
    assert len(sink.seen) == 2
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    note = b.note(ana, to=["as:Public"])
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.kind.name == "PUBLIC"
    await give(here, ana, b.activity(ana, "Delete", note["id"]))
    await give(here, ana, b.activity(ana, "Create", note))
    again = await here.stored(note["id"])
    assert again is None or again.deleted_at is not None
