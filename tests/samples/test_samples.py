"""Nine servers say what they say, in their own shapes, and somebody here reads it in an app.

Each sample is signed, delivered to a real inbox, and read through the Mastodon API (facts:
federation.md §2, §3, §6 and the servers' own documentation).
"""

import pytest
from yarl import URL

from domain.text import to_plain
from tests.support.nodes import Json, Nodes, until
from tests.support.samples import FOLDER, Server, served
from tests.support.stranger import PUBLIC


def names(server: str) -> set[str]:
    return {path.stem for path in (FOLDER / server).glob("*.json")}


def described(post: Json) -> list[tuple[str, str | None]]:
    """What stands beside the words."""
    return [(file["type"], file["description"]) for file in post["media_attachments"]]


async def account_of(server: Server) -> dict[str, object]:
    found: dict[str, object] = await server.ana.get(f"/api/v1/accounts/{server.account['id']}")
    return found


@pytest.mark.interop(
    "Create{Note}", "in", "a post with its warning, language, tags, emoji", peer="scripted Mastodon"
)
@pytest.mark.interop(
    "Update{Note}", "in", "the new words, and the old in its history", peer="scripted Mastodon"
)
@pytest.mark.interop("Update{Person}", "in", "the new name", peer="scripted Mastodon")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="scripted Mastodon")
async def test_mastodon(nodes: Nodes) -> None:
    async with served(nodes, "mastodon") as server:
        await server.send("create_note")
        post = await server.shown("vocabulary clinic")
        assert (post["spoiler_text"], post["sensitive"]) == ("Long read", True)
        assert (post["visibility"], post["language"]) == ("public", "en")
        assert [tag["name"] for tag in post["tags"]] == ["skos"]
        assert [one["acct"] for one in post["mentions"]] == ["ana"]
        assert [one["shortcode"] for one in post["emojis"]] == ["blobcat"]
        assert post["emojis"][0]["url"].startswith(server.node.origin)
        assert (await server.node.ask("GET", post["emojis"][0]["url"])).status == 200
        (board,) = post["media_attachments"]
        assert (board["type"], board["description"]) == ("image", "A whiteboard full of concepts")
        assert board["blurhash"] == "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
        assert board["meta"]["focus"] == {"x": 0.2, "y": -0.4}
        assert (await server.node.ask("GET", board["url"])).status == 200
        assert post["account"]["display_name"] == "Mara :blobcat:"
        assert {one["shortcode"] for one in post["account"]["emojis"]} == {"blobcat", "verified"}
        assert [note["type"] for note in await server.ana.notifications()] == ["mention"]
        await server.send("update_note")
        edited = await server.becomes(post, "clinic, corrected")
        assert edited["spoiler_text"] == "Long read, corrected"
        history = await server.ana.get(f"/api/v1/statuses/{post['id']}/history")
        assert ["corrected" in one["content"] for one in history] == [False, True]
        await server.send("delete_note")
        await server.is_gone(post)
        await server.send("create_note", id=f"{server.sample('create_note')['id']}/again")
        await server.is_gone(post)  # a Create after its Delete is ignored
        changed = server.sample("update_person")
        person = server.author.document | changed.pop("changes")
        await server.send("update_person", object=person)

        async def renamed() -> bool:
            return (await account_of(server))["display_name"] == "Mara Lind"

        await until(renamed)


@pytest.mark.interop("Create{Question}", "in", "shown with its question", peer="scripted Mastodon")
@pytest.mark.interop("Create{Question}", "in", "shown with its question", peer="scripted Misskey")
@pytest.mark.parametrize(
    ("name", "words", "options"),
    [
        ("mastodon", "Which topic next?", [("Graphs", 2), ("Ethics", 1)]),
        ("misskey", "Pen or tablet?", [("Pen", 1), ("Tablet", 0)]),
    ],
)
async def test_questions(
    nodes: Nodes, name: str, words: str, options: list[tuple[str, int]]
) -> None:
    async with served(nodes, name) as server:
        await server.send("create_question")
        post = await server.shown(words)
        poll = post["poll"]
        assert [(one["title"], one["votes_count"]) for one in poll["options"]] == options
        assert poll["multiple"] is (name == "misskey")


@pytest.mark.interop(
    "Create{Note}", "in", "one tag, one attachment, one addressee", peer="scripted GoToSocial"
)
@pytest.mark.interop("Create{Note} to one person", "in", "direct", peer="scripted GoToSocial")
@pytest.mark.interop("Update{Note}", "in", "the new words", peer="scripted GoToSocial")
@pytest.mark.interop("Delete by id", "in", "unreadable at once", peer="scripted GoToSocial")
async def test_gotosocial(nodes: Nodes) -> None:
    async with served(nodes, "gotosocial") as server:
        assert (await account_of(server))["locked"] is True
        await server.send("create_note")
        post = await server.shown("The old lamp is back")
        assert [tag["name"] for tag in post["tags"]] == ["lighthouse"]
        assert (post["language"], post["created_at"]) == ("de", "2026-11-20T07:00:00.000Z")
        assert described(post) == [("image", "a lighthouse at dusk")]
        await server.send("create_direct")
        letter = {}

        async def told() -> bool:
            for note in await server.ana.notifications():
                if "only for you" in (note.get("status") or {}).get("content", ""):
                    letter.update(note["status"])
            return bool(letter)

        await until(told)
        assert letter["visibility"] == "direct"
        await server.send("update_note")
        edited = await server.becomes(post, "shines again")
        assert edited["tags"] == []
        await server.send("delete_note")
        await server.is_gone(post)


@pytest.mark.interop(
    "Page", "in", "title in bold, words, the link, the picture", peer="scripted Lemmy"
)
@pytest.mark.interop("Create{Note}", "in", "an answer that names somebody", peer="scripted Lemmy")
@pytest.mark.interop("Create{Note} to one person", "in", "direct", peer="scripted Lemmy")
@pytest.mark.interop("Delete by id", "in", "unreadable at once", peer="scripted Lemmy")
async def test_lemmy(nodes: Nodes) -> None:
    async with served(nodes, "lemmy") as server:
        server.actor("actor_group")
        page = await server.ana.find_post(server.serve("page"))
        assert page["content"].startswith("<p><strong>Which clay for a first bowl?</strong></p>")
        assert "<strong>two</strong>" in page["content"]
        assert 'href="https://clay.example/first-bowl"' in page["content"]
        assert f'href="{page["uri"]}"' in page["content"]  # where it is discussed
        assert described(page) == [("image", None)]
        assert page["visibility"] == "public"
        picture = await server.ana.find_post(server.serve("page_image"))
        assert picture["content"].startswith("<p><strong>My first bowl</strong></p>")
        assert described(picture) == [("image", "a lopsided bowl")]
        await server.send("create_note")
        answer = await server.shown("Start with stoneware")
        assert answer["in_reply_to_id"] == page["id"]
        assert [one["acct"] for one in answer["mentions"]] == ["ana"]
        await server.send("update_note")
        await server.becomes(answer, "earthenware")
        await server.send("delete_note")
        await server.is_gone(answer)
        await server.send("create_private_message")

        async def written() -> bool:
            found = await server.ana.get(f"/api/v1/accounts/{server.account['id']}/statuses")
            return any(
                "some clay" in one["content"] and one["visibility"] == "direct" for one in found
            )

        await until(written)


@pytest.mark.interop("Create{Note}", "in", "a post with custom emoji", peer="scripted Misskey")
@pytest.mark.interop(
    "Create{Note} to followers", "in", "for followers, with its warning", peer="scripted Misskey"
)
@pytest.mark.interop("Update{Note}", "in", "the new words", peer="scripted Misskey")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="scripted Misskey")
async def test_misskey(nodes: Nodes) -> None:
    async with served(nodes, "misskey") as server:
        await server.send("create_note")
        post = await server.shown("New map of the process")
        assert [one["shortcode"] for one in post["emojis"]] == ["neko_smile"]
        assert [tag["name"] for tag in post["tags"]] == ["bpmn"]
        assert described(post) == [("image", "a map with seven boxes")]
        await server.send("create_warned")
        warned = await server.shown("The answer is 42")
        assert warned["spoiler_text"] == "spoilers for the workshop"
        assert warned["visibility"] == "private"
        await server.send("update_note")
        await server.becomes(post, "Newer map")
        await server.send("delete_note")
        await server.is_gone(post)


@pytest.mark.interop(
    "Create{Note}", "in", "as:Public, Links in an attachment, bare tags", peer="scripted Pleroma"
)
@pytest.mark.interop("Update{Note}", "in", "the new words", peer="scripted Pleroma")
@pytest.mark.interop("Delete by id", "in", "unreadable at once", peer="scripted Pleroma")
async def test_pleroma(nodes: Nodes) -> None:
    async with served(nodes, "pleroma") as server:
        await server.send("create_note")
        post = await server.shown("the tomatoes are in")
        assert (post["visibility"], post["spoiler_text"]) == ("public", "")
        assert [one["acct"] for one in post["mentions"]] == ["ana"]
        assert [one["shortcode"] for one in post["emojis"]] == ["leaf"]
        assert described(post) == [("image", "tomatoes in a row")]
        await server.send("update_note")
        await server.becomes(post, "and the beans")
        await server.send("delete_note")
        await server.is_gone(post)


@pytest.mark.interop(
    "Create{Video}", "in", "title, description, length and link", peer="scripted PeerTube"
)
@pytest.mark.interop("Update{Video}", "in", "the new title", peer="scripted PeerTube")
@pytest.mark.interop("Create{Note}", "in", "an answer to a video", peer="scripted PeerTube")
@pytest.mark.interop("Delete by id", "in", "unreadable at once", peer="scripted PeerTube")
async def test_peertube(nodes: Nodes) -> None:
    async with served(nodes, "peertube") as server:
        await server.send("create_video")
        post = await server.shown("How I sharpen")
        assert post["content"].startswith("<p><strong>Sharpening a plane</strong></p>")
        said = to_plain(post["content"])
        assert "& <b>elsewhere</b>" in said  # Markdown is shown as it was typed
        assert "Video (12:34): " in said
        assert f'href="{server.stranger.url("/w/cCGUxnZuDUWG")}"' in post["content"]
        assert 'href="https://wood.example/stones"' in post["content"]
        assert "magnet:" not in post["content"]
        assert "m3u8" not in post["content"]
        assert described(post) == [("video", "Sharpening a plane"), ("image", None)]
        assert (post["language"], post["sensitive"]) == ("en", False)
        await server.send("update_video")
        await server.becomes(post, "<strong>Sharpening a hand plane</strong>")
        history = await server.ana.get(f"/api/v1/statuses/{post['id']}/history")
        assert "<strong>Sharpening a plane</strong>" in history[0]["content"]
        await server.send("create_comment")
        answer = await server.shown("who asked")
        assert answer["in_reply_to_id"] == post["id"]
        await server.send("delete_video")
        await server.is_gone(post)


@pytest.mark.interop(
    "Create{Event}", "in", "title, when, where, sign-up and link", peer="scripted Mobilizon"
)
@pytest.mark.interop("Update{Event}", "in", "says that it is cancelled", peer="scripted Mobilizon")
@pytest.mark.interop("Create{Article}", "in", "title and words", peer="scripted Mobilizon")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="scripted Mobilizon")
async def test_mobilizon(nodes: Nodes) -> None:
    async with served(nodes, "mobilizon") as server:
        await server.send("create_event")
        post = await server.shown("Bring a laptop")
        said = to_plain(post["content"])
        assert said.startswith("Open data evening\n")
        assert "When: Thursday 3 December 2026, 19:00–21:00 (Europe/Berlin)" in said
        assert "Where: Old Library, Main Street 1, 10115 Berlin, Berlin, Germany" in said
        assert 'href="https://video.example/evening"' in post["content"]
        assert post["account"]["acct"].startswith("zora@")
        assert post["language"] == "en"
        await server.send("create_comment")
        assert (await server.shown("There will be soup"))["in_reply_to_id"] == post["id"]
        await server.send("create_article")
        article = await server.shown("Seven things.")
        assert article["content"].startswith("<p><strong>What we learned</strong></p>")
        await server.send("update_event")
        edited = await server.becomes(post, "This event is cancelled.")
        assert "Open data evening (cancelled)" in edited["content"]
        await server.send("delete_event")
        await server.is_gone(post)


@pytest.mark.interop(
    "Create{Article}", "in", "title and words, the abstract once", peer="scripted NodeBB"
)
@pytest.mark.interop("Update{Article}", "in", "the new title and words", peer="scripted NodeBB")
@pytest.mark.interop("Create{Note}", "in", "an answer in the topic", peer="scripted NodeBB")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="scripted NodeBB")
async def test_nodebb(nodes: Nodes) -> None:
    async with served(nodes, "nodebb") as server:
        await server.send("create_article")
        post = await server.shown("Everybody brings one page")
        assert post["content"].startswith("<p><strong>How our reading circle works</strong></p>")
        assert post["content"].count("every first Friday") == 1
        assert post["spoiler_text"] == ""
        assert "<li>talk</li>" in post["content"]
        assert [tag["name"] for tag in post["tags"]] == ["reading"]
        await server.send("create_note")
        assert (await server.shown("Next time: graphs"))["in_reply_to_id"] == post["id"]
        await server.send("update_article")
        edited = await server.becomes(post, "second Friday")
        assert "<strong>How our reading circle works now</strong>" in edited["content"]
        await server.send("delete_article")
        await server.is_gone(post)


@pytest.mark.interop(
    "Create{Note}", "in", "several pictures with their words", peer="scripted Pixelfed"
)
@pytest.mark.interop("Update{Note}", "in", "the new words", peer="scripted Pixelfed")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="scripted Pixelfed")
async def test_pixelfed(nodes: Nodes) -> None:
    async with served(nodes, "pixelfed") as server:
        await server.send("create_note")
        post = await server.shown("Three steps of a bowl")
        steps = ("a lump of clay", "hands on a wheel", "a bowl")
        assert described(post) == [("image", step) for step in steps]
        assert [tag["name"] for tag in post["tags"]] == ["clay"]
        await server.send("update_note")
        await server.becomes(post, "Four steps")
        await server.send("delete_note")
        await server.is_gone(post)


ANSWERED = {
    "mastodon": ("create_note", "vocabulary clinic"),
    "gotosocial": ("create_note", "The old lamp is back"),
    "lemmy": ("create_note", "Start with stoneware"),
    "misskey": ("create_note", "New map of the process"),
    "pleroma": ("create_note", "the tomatoes are in"),
    "peertube": ("create_video", "How I sharpen"),
    "mobilizon": ("create_event", "Bring a laptop"),
    "nodebb": ("create_article", "Everybody brings one page"),
    "pixelfed": ("create_note", "Three steps of a bowl"),
}


@pytest.mark.interop(
    "Create{Note}", "out", "an answer that names who is answered", peer="a stranger"
)
@pytest.mark.interop("Like", "out", "goes to the author's inbox", peer="a stranger")
@pytest.mark.parametrize("name", ANSWERED)
async def test_what_goes_back(nodes: Nodes, name: str) -> None:
    """To whoever speaks like that: the answer under the id that they gave, and the like once."""
    async with served(nodes, name) as server:
        if name == "lemmy":
            server.actor("actor_group")
            await server.ana.find_post(server.serve("page"))
        sample, words = ANSWERED[name]
        await server.send(sample)
        post = await server.shown(words)
        uri = server.sample(sample)["object"]["id"]
        assert post["uri"] == uri
        acct = f"@{server.author.handle}@{server.stranger.authority}"
        await server.ana.say(f"{acct} Thank you!", in_reply_to_id=post["id"])
        await server.ana.post(f"/api/v1/statuses/{post['id']}/favourite")
        create = await server.told("Create", uri)
        note = create["object"]
        assert (create["actor"], note["attributedTo"]) == (server.ana.uri, server.ana.uri)
        assert "Thank you!" in note["content"]
        mention = {"type": "Mention", "href": server.author.uri, "name": acct}
        assert mention in note["tag"]
        assert server.author.uri in [*note["to"], *note["cc"]]
        like = await server.told("Like", uri)
        assert (like["actor"], like["object"]) == (server.ana.uri, uri)


@pytest.mark.interop("Group", "in", "a channel is followed as a group", peer="scripted PeerTube")
@pytest.mark.interop(
    "Announce", "in", "by a channel: stands in its list, under its author", peer="scripted PeerTube"
)
async def test_a_channel_of_peertube(nodes: Nodes) -> None:
    """The channel announces what its owner uploaded; the video names both."""
    async with served(nodes, "peertube") as server:
        channel = server.actor("actor_channel")
        account = await server.befriend(channel)
        assert (account["group"], account["display_name"]) == (True, "Workshop")
        video = server.sample("create_video")["object"]
        server.stranger.add(URL(video["id"]).path, video)
        announce = server.stranger.activity(channel, "Announce", video["id"], to=[PUBLIC])
        inbox = server.node.node.shared_inbox
        assert (await server.stranger.deliver(channel, inbox, announce)).status == 202
        shown = await server.ana.sees("How I sharpen", f"/api/v1/timelines/list/g{account['id']}")
        post = shown["reblog"] or shown
        assert (post["uri"], post["account"]["acct"].split("@")[0]) == (video["id"], "paul")


def test_every_server_has_what_it_says() -> None:
    """No sample lies there unread: each belongs to one of the tests above."""
    source = (FOLDER / "test_samples.py").read_text()
    for folder in FOLDER.iterdir():
        if folder.is_dir() and not folder.name.startswith("__"):
            assert {"actor"} <= names(folder.name)
            for name in names(folder.name) - {"actor"}:
                assert f'"{name}"' in source, f"{folder.name}/{name}"
