"""What a node writes is read by another as it was meant: every part of a post, emoji too."""

from pathlib import Path

import pytest

from tests.support.commands import done
from tests.support.nodes import Json, Nodes, until
from tests.support.pictures import picture
from tests.together.stories import befriend, known

SAME = ("uri", "url", "content", "spoiler_text", "sensitive", "language", "visibility")


async def emoji(node: object, folder: Path, name: str) -> None:
    file = folder / f"{name}.png"
    file.write_bytes(picture("PNG"))
    await done(node, "emoji", "add", name, str(file))  # type: ignore[arg-type]


@pytest.mark.interop("Emoji tag", "out", "a picture beside the words", peer="our nodes")
async def test_our_emoji_are_seen_elsewhere_through_the_reader_s_node(
    nodes: Nodes, tmp_path: Path
) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await emoji(hq, tmp_path, "blob")
    await befriend(ben, ana)
    await befriend(ana, ben)
    said = await ana.say("see the :blob: and :nothing:")
    seen = await ben.sees("see the")
    (shown,) = seen["emojis"]
    assert shown["shortcode"] == "blob"
    assert shown["url"].startswith(lab.origin)
    assert (await lab.ask("GET", shown["url"])).status == 200
    change = {"display_name": "Ana :blob:", "fields_attributes": [{"name": "x", "value": ":blob:"}]}
    await ana.ask("PATCH", "/api/v1/accounts/update_credentials", json=change)

    async def renamed() -> bool:
        found = await ben.get(f"/api/v1/accounts/{seen['account']['id']}")
        return [one["shortcode"] for one in found["emojis"]] == ["blob"]

    await until(renamed)
    await ana.put(f"/api/v1/statuses/{said['id']}", status="see nothing")

    async def plain() -> bool:
        found: Json = await ben.get(f"/api/v1/statuses/{seen['id']}")
        return bool(found["emojis"] == [] and "see nothing" in found["content"])

    await until(plain)


@pytest.mark.interop(
    "Create{Note}", "out", "reads as it was written: words, warning, tags, names, emoji",
    peer="our nodes",
)  # fmt: skip
async def test_a_post_of_ours_is_read_as_it_was_written(nodes: Nodes, tmp_path: Path) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await emoji(hq, tmp_path, "blobcat")
    await befriend(ben, ana)
    await befriend(ana, ben)
    text = (
        f"Notes from our clinic :blobcat: with {ben.acct} #SKOS\n\nhttps://c.example/x <b> & so on"
    )
    made = await ana.say(text, spoiler_text="Long read", sensitive=True, language="en")
    seen = await ben.sees("Notes from our clinic")
    assert {name: seen[name] for name in SAME} == {name: made[name] for name in SAME}
    assert [tag["name"] for tag in seen["tags"]] == [tag["name"] for tag in made["tags"]]
    assert [one["shortcode"] for one in seen["emojis"]] == ["blobcat"]
    assert [one["url"] for one in seen["mentions"]] == [one["url"] for one in made["mentions"]]
