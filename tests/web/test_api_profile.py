"""How people present themselves through apps: every field of a profile, and what is made of it."""

from typing import Any

import pytest
from aiohttp import FormData

from activitypub.render.actors import actor as render
from social import apps
from social.profiles import LONGEST_PICTURE_TEXT, MOST_WEBSITES
from storage.queries import actors
from storage.queries.keys import public_keys
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import picture
from tests.support.strict import check
from tests.web.visitor import Visitor
from web.mastodon.entities.accounts import Profile

PROFILE = "/api/v1/profile"
UPDATE = "/api/v1/accounts/update_credentials"


def form(**values: Any) -> FormData:
    made = FormData(default_to_multipart=True)
    for name, value in values.items():
        if isinstance(value, bytes):
            made.add_field(name, value, filename=f"{name}.jpg", content_type="image/jpeg")
        else:
            made.add_field(name, value)
    return made


@pytest.mark.operation(
    "GET /api/v1/profile",
    "PATCH /api/v1/profile",
    "DELETE /api/v1/profile/avatar",
    "DELETE /api/v1/profile/header",
)
async def test_a_profile_is_changed_as_it_was_typed_and_seen_by_others(
    ana: Person, bo: Person
) -> None:
    before = check(Profile, await ana.get(PROFILE))
    assert (before["avatar"], before["header"], before["show_media"]) == (None, None, True)
    sent = form(
        display_name="Ana",
        note="I learn *aloud*\nhttps://x.example/",
        avatar=picture(),
        avatar_description="Me, laughing",
        header=picture(color=(0, 0, 250)),
        bot="true",
        hide_collections="1",
        show_media="false",
        show_media_replies="0",
        show_featured="off",
        **{"attribution_domains[]": "https://Blog.example/me", "fields_attributes[0][name]": "Job"},
    )
    changed = check(Profile, (await ana.ask("PATCH", PROFILE, data=sent)).json)
    assert changed["note"] == "I learn *aloud*\nhttps://x.example/", "as it was typed"
    assert changed["attribution_domains"] == ["blog.example"]
    assert not changed["show_media"] | changed["show_media_replies"] | changed["show_featured"]
    seen = await bo.get(f"/api/v1/accounts/{ana.id}")
    assert (seen["display_name"], seen["bot"], seen["hide_collections"]) == ("Ana", True, True)
    assert (seen["avatar"], seen["avatar_description"]) == (changed["avatar"], "Me, laughing")
    assert seen["header_description"] == ""
    own = (await ana.get("/api/v1/accounts/verify_credentials"))["source"]
    assert (own["hide_collections"], own["attribution_domains"]) == (True, ["blog.example"])
    kept = (await ana.ask("PUT", PROFILE, json={"display_name": "Ana M"})).json
    assert kept == changed | {"display_name": "Ana M"}, "what is not sent stays"
    await ana.delete(f"{PROFILE}/avatar")
    await ana.delete(f"{PROFILE}/header")
    seen = await bo.get(f"/api/v1/accounts/{ana.id}")
    assert (seen["avatar_description"], "/static/" in seen["avatar"]) == ("", True)
    without = await ana.get(PROFILE)
    assert (without["avatar"], without["header"]) == (None, None)


@pytest.mark.operation(
    "PATCH /api/v1/accounts/update_credentials",
    "GET /api/v1/accounts/verify_credentials",
    "GET /api/v1/preferences",
)
async def test_what_one_app_changes_another_starts_with(node: RunningNode, ana: Person) -> None:
    second = Person(node, ana.id, "ana", (await _another_token(node, ana)))
    source = {"privacy": "private", "sensitive": True, "language": "de", "quote_policy": "nobody"}
    sent = {"source": source, "bot": True, "indexable": False, "discoverable": False}
    assert (await ana.ask("PATCH", UPDATE, json=sent)).status == 200
    found = await second.get("/api/v1/accounts/verify_credentials")
    assert {name: found["source"][name] for name in source} == source
    assert (found["bot"], found["indexable"], found["discoverable"]) == (True, False, False)
    preferences = await second.get("/api/v1/preferences")
    assert preferences["posting:default:visibility"] == "private"
    assert preferences["posting:default:language"] == "de"
    posted = await second.say("As I prefer")
    assert (posted["visibility"], posted["sensitive"]) == ("private", True)


async def _another_token(node: RunningNode, person: Person) -> str:
    issued = await node.db.write(
        apps.issue, app_id=None, account_id=person.id, granted="read write"
    )
    return issued.token


@pytest.mark.parametrize(
    "sent",
    [
        {"avatar_description": "x" * (LONGEST_PICTURE_TEXT + 1)},
        {"attribution_domains": [f"site{n}.example" for n in range(MOST_WEBSITES + 1)]},
        {"attribution_domains": ["no website"]},
        {"note": "x" * 1_001},
    ],
    ids=["long description", "many websites", "no website", "long bio"],
)
async def test_a_profile_that_cannot_be_is_refused(ana: Person, sent: dict[str, Any]) -> None:
    before = await ana.get(PROFILE)
    answer = await ana.ask("PATCH", PROFILE, json=sent)
    assert answer.status == 422
    check("error", answer.json)
    assert await ana.get(PROFILE) == before


async def test_who_keeps_follows_to_themselves_shows_them_to_nobody_else(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    await cy.post(f"/api/v1/accounts/{bo.id}/follow")

    async def seen(by: Person) -> list[list[str]]:
        paths = ("followers", "following")
        pages = [await by.get(f"/api/v1/accounts/{ana.id}/{path}") for path in paths]
        familiar = await by.get("/api/v1/accounts/familiar_followers", id=str(ana.id))
        return [[one["acct"] for one in page] for page in (*pages, familiar[0]["accounts"])]

    assert await seen(cy) == [["bo"], ["bo"], ["bo"]]
    await ana.ask("PATCH", UPDATE, json={"hide_collections": True})
    assert await seen(cy) == [[], [], []]
    assert (await seen(ana))[:2] == [["bo"], ["bo"]]


async def test_other_servers_are_told_of_a_bot_and_of_words_for_pictures(
    node: RunningNode, ana: Person
) -> None:
    async def document() -> Any:
        def rendered(tx: Tx) -> Any:
            view = actors.by_id(tx, ana.id)
            assert view is not None
            return render(view, public_keys(tx, ana.id), node.node)

        return await node.db.read(rendered)

    assert (await document())["type"] == "Person"
    sent = form(bot="true", avatar=picture(), avatar_description="A robot")
    changed = (await ana.ask("PATCH", UPDATE, data=sent)).json
    told = await document()
    assert (told["type"], told["icon"]["name"]) == ("Service", "A robot")
    assert told["icon"]["url"] == changed["avatar"]


async def test_the_same_is_chosen_on_the_page(ana: Person, at_ana: Visitor) -> None:
    await at_ana.get("/settings")
    await at_ana.send("/settings", name="Ana", bio="", hides_follows="1", automated="1")
    found = await ana.get(PROFILE)
    assert (found["hide_collections"], found["bot"], found["locked"]) == (True, True, False)
    await at_ana.send("/settings", name="Ana", bio="")
    found = await ana.get(PROFILE)
    assert (found["hide_collections"], found["bot"]) == (False, False)
