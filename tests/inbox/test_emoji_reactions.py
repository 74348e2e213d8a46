"""Likes that keep their emoji, as Misskey, Pleroma and PieFed send them (FEP-c0e0)."""

from typing import Any

import pytest

from activitypub.parse.reactions import parse_reaction
from domain.choices import Choice
from domain.kinds import NotificationKind
from domain.reactions import PLAIN, Reaction, Tally, is_one_emoji, unpacked
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.giving import give
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Document, Person, Stranger

BLOB = {
    "id": "https://b.example/emojis/blob",
    "type": "Emoji",
    "name": ":blob:",
    "icon": {"type": "Image", "mediaType": "image/png", "url": "https://b.example/blob.png"},
}


@pytest.fixture
async def post(here: Home, alice: ActorView) -> PostRow:
    return await here.post(alice, "Measure twice")


async def tally(here: Home, post: PostRow) -> list[tuple[str, int]]:
    row = await here.stored(post.uri)
    assert row is not None
    assert row.likes_count >= sum(one.count for one in unpacked(row.reactions))
    return [(one.emoji, one.count) for one in unpacked(row.reactions)]


async def liked(here: Home, post: PostRow) -> int:
    row = await here.stored(post.uri)
    assert row is not None
    return row.likes_count


def react(b: Stranger, who: Person, post: PostRow, emoji: str, **more: Any) -> Document:
    return b.activity(who, "EmojiReact", post.uri, content=emoji, **more)


def as_misskey(b: Stranger, who: Person, post: PostRow, emoji: str, **more: Any) -> Document:
    said = {"content": emoji, "_misskey_reaction": emoji}
    return b.activity(who, "Like", post.uri, **said, **more)


@pytest.mark.interop(
    "EmojiReact", "in", "a like that keeps its emoji, once for each person", peer="scripted Pleroma"
)
@pytest.mark.interop(
    "Like with content", "in", "a like that keeps its emoji", peer="scripted Misskey"
)
@pytest.mark.parametrize("say", [react, as_misskey])
async def test_a_reaction_is_a_like_with_an_emoji(
    here: Home, b: Stranger, ana: Person, post: PostRow, say: Any
) -> None:
    said = say(b, ana, post, "🎉")
    await give(here, ana, said)
    assert (await liked(here, post), await tally(here, post)) == (1, [("🎉", 1)])
    told = [row[2] for row in await here.rows("notifications")]
    assert told == [NotificationKind.LIKE]
    await give(here, ana, b.activity(ana, "Undo", said))
    assert (await liked(here, post), await tally(here, post)) == (0, [])
    assert await here.rows("notifications") == []


async def test_each_person_has_one_and_the_last_counts(
    here: Home, b: Stranger, ana: Person, post: PostRow
) -> None:
    bo = b.person("bo")
    first, second = react(b, ana, post, "🎉"), react(b, ana, post, "👍")
    await give(here, ana, b.activity(ana, "Like", post.uri))
    await give(here, ana, first)
    await give(here, bo, react(b, bo, post, "👍"))
    assert (await liked(here, post), await tally(here, post)) == (2, [("🎉", 1), ("👍", 1)])
    await give(here, ana, second)
    assert (await liked(here, post), await tally(here, post)) == (2, [("👍", 2)])
    await give(here, ana, b.activity(ana, "Like", post.uri))
    assert await tally(here, post) == [("👍", 2)], "a plain like takes nothing away"
    await give(here, ana, b.activity(ana, "Undo", first))
    assert await tally(here, post) == [("👍", 2)], "what was replaced is not taken back"
    await give(here, ana, b.activity(ana, "Undo", second))
    assert (await liked(here, post), await tally(here, post)) == (1, [("👍", 1)])


async def test_an_undo_that_overtook_its_reaction(
    here: Home, b: Stranger, ana: Person, post: PostRow
) -> None:
    said = react(b, ana, post, "🎉")
    await give(here, ana, b.activity(ana, "Undo", said))
    await give(here, ana, said)
    assert await liked(here, post) == 0


@pytest.mark.parametrize("visibility", [Choice.PRIVATE, Choice.DIRECT])
async def test_O11_nobody_reacts_to_what_they_cannot_see(
    here: Home, b: Stranger, ana: Person, alice: ActorView, visibility: Choice
) -> None:
    hidden = await here.post(alice, "between us", visibility)
    before = await here.digest(without=LEDGER)
    await give(here, ana, react(b, ana, hidden, "🎉"))
    await give(here, ana, b.activity(ana, "EmojiReact", f"{here.node.origin}/o/1", content="🎉"))
    first, second = await here.reasons()
    assert first == second is not None
    assert await here.digest(without=LEDGER) == before


ONE = ["👍", "👍🏽", "❤", "❤️", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇪🇸", "5️⃣", "⭐", "🫠", "‼️"]
NONE = ["", "a", "ab", "👍👍", "👍 ", "ok 👍", "<b>", "5", "\u200d", "👍" * 40, "👍\u200d" * 20]


@pytest.mark.parametrize("text", ONE)
def test_what_is_one_emoji(text: str) -> None:
    assert is_one_emoji(text)
    assert parse_reaction({"content": f" {text} "}) == Reaction(text)


@pytest.mark.parametrize("text", NONE)
def test_D07_what_is_no_emoji_leaves_a_plain_like(text: str) -> None:
    assert not is_one_emoji(text)
    given = {"content": text if text.strip() != "👍" else "👍👍", "tag": [BLOB]}
    assert parse_reaction(given) == PLAIN


def test_a_servers_own_emoji_has_to_be_explained() -> None:
    blob = Reaction(":blob:", "https://b.example/blob.png")
    assert parse_reaction({"content": ":blob:", "tag": [BLOB]}) == blob
    assert parse_reaction({"content": ":blob@b.example:", "tag": [BLOB]}) == blob
    for tag in ([], [BLOB | {"name": ":other:"}], [BLOB | {"icon": {"url": "data:x"}}]):
        assert parse_reaction({"content": ":blob:", "tag": tag}) == PLAIN


def test_a_tally_is_short_and_in_order() -> None:
    from domain.reactions import MOST_SHOWN, packed

    many = [Tally(chr(0x1F600 + number), None, number + 1) for number in range(60)]
    kept = unpacked(packed(many))
    assert len(kept) == MOST_SHOWN
    assert [one.count for one in kept] == sorted((one.count for one in kept), reverse=True)
    assert packed([]) == b""
