"""D07: a post may be as wide as it likes; what is kept of it is not."""

import orjson
import pytest

from activitypub.json import PUBLIC
from activitypub.parse.attachments import MAX_ATTACHMENTS
from domain.emojis import MOST_EMOJIS, unpacked
from federation.discovery import find_actor
from inbox.reading import LARGEST
from storage.views.actors import ActorView
from tests.inbox.giving import give
from tests.inbox.home import Home
from tests.support.stranger import Document, Person, Stranger


def wide(b: Stranger, ana: Person, count: int) -> Document:
    """A note with so many of everything."""
    icon = {"type": "Image", "mediaType": "image/png", "url": b.url("/e.png")}
    numbers = range(count // 3)
    tags = [{"type": "Emoji", "name": f":e{number}:", "icon": icon} for number in numbers]
    tags += [{"type": "Hashtag", "name": f"#t{number}"} for number in numbers]
    tags += [{"type": "Mention", "href": b.url(f"/users/u{number}")} for number in numbers]
    return b.note(
        ana,
        to=[PUBLIC, *(b.url(f"/users/u{number}") for number in range(count - 1))],
        tag=tags,
        attachment=[{"type": "Image", "url": b.url(f"/{number}.png")} for number in range(count)],
        content="".join(f"<p>:e{number}:</p>" for number in range(900)),
    )


async def test_D07_a_wide_post_is_kept_narrow(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    note = wide(b, ana, 999)
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert len(unpacked(row.emojis)) == MOST_EMOJIS
    assert len(await here.rows("files")) <= MAX_ATTACHMENTS
    assert len(await here.rows("post_tags")) == 64
    assert len(await here.rows("actors")) < 10, "nobody is looked up for a name"


async def test_D07_lists_of_ten_thousand_are_refused(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    for name in ("tag", "attachment", "to"):
        note = b.note(ana)
        note[name] = [*wide(b, ana, 3)[name]] * 4_000
        answered = await b.deliver(ana, here.inbox, b.activity(ana, "Create", note))
        assert answered.status in {202, 400, 413}
        await here.drain()
        assert await here.stored(note["id"]) is None, name


@pytest.mark.parametrize("name", ["name", "summary"])
async def test_D07_a_title_of_a_megabyte_is_cut(
    here: Home, b: Stranger, ana: Person, alice: ActorView, name: str
) -> None:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    note = b.note(ana, type="Article", content="<p>x</p>")
    create = b.activity(ana, "Create", note)
    room = LARGEST - len(orjson.dumps(create)) - 200
    await give(here, ana, create | {"object": note | {name: "x" * room}})
    row = await here.stored(note["id"])
    assert row is not None
    assert len(row.title) <= 500
    assert len(row.content) < 10_000
