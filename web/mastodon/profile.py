"""The caller's own account: who am I, how do I present myself, what do I prefer."""

from typing import Final

from aiohttp.web import StreamResponse
from msgspec.structs import replace

from domain.errors import Invalid, NotFound
from domain.filetypes import MEGABYTE
from domain.kinds import Portrait
from social import profiles
from social.archive import Stored
from social.profiles import ProfileChange
from storage.queries import accounts, profile_choices
from storage.tx import Tx
from storage.views import people
from storage.views.paging import Page
from web.call import Call
from web.mastodon.entities.accounts import (
    CredentialAccount,
    Own,
    Profile,
    credential_account,
    profile,
)
from web.mastodon.entities.preferences import Preferences
from web.params import Params, read_params
from web.responses import json
from web.routes import Access, Body, Handler, Route, change, delete, get

PICTURES: Final = {"avatar": Portrait.AVATAR, "header": Portrait.HEADER}
LARGEST: Final = 8 * MEGABYTE
MOST_REQUESTS = 80


async def verify(call: Call) -> StreamResponse:
    """GET /api/v1/accounts/verify_credentials."""
    return json(await call.read(_own, call=call))


def _own(tx: Tx, *, call: Call) -> CredentialAccount:
    """The caller's account as its person sees it. Raises NotFound if it is gone."""
    me = people.person(tx, call.viewer, call.person.actor_id)
    row = accounts.by_id(tx, me.id)
    if row is None:
        raise NotFound
    requests = len(people.requests(tx, call.viewer, Page(limit=MOST_REQUESTS)))
    own = Own(row, profile_choices.find(tx, me.id), requests)
    return credential_account(me, call.node, call.viewer, own)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/profile."""
    return json(await call.read(_profile, call=call))


def _profile(tx: Tx, *, call: Call) -> Profile:
    me = people.person(tx, call.viewer, call.person.actor_id)
    return profile(me, profile_choices.find(tx, me.id))


async def update(call: Call) -> StreamResponse:
    """PATCH /api/v1/accounts/update_credentials. What is not sent stays as it is."""
    await _change(call, await _wished(call))
    return json(await call.read(_own, call=call))


async def update_profile(call: Call) -> StreamResponse:
    """PATCH /api/v1/profile: the same, answered as it was typed."""
    await _change(call, await _wished(call))
    return await show(call)


async def _wished(call: Call) -> ProfileChange:
    archive, size = call.services.archive, call.request.content_length
    async with archive.taking_in(call.person.actor_id, size):
        params = await read_params(call.request, LARGEST)
        pictures = await drawn(call, params)
    return replace(_wish(params), pictures=pictures)


async def _change(call: Call, wish: ProfileChange) -> None:
    await call.write(
        profiles.update_profile, node=call.node, actor_id=call.person.actor_id, change=wish
    )


async def drawn(call: Call, params: Params) -> dict[Portrait, Stored | None]:
    """The pictures that were sent, drawn anew and kept. Raises Invalid."""
    found: dict[Portrait, Stored | None] = {}
    for name, part in PICTURES.items():
        sent = params.files.get(name)
        if sent is None or (sent.content is not None and not sent.content):
            continue  # a browser sends an empty file where none was chosen
        if sent.content is None:
            raise Invalid(f"A picture has at most {LARGEST // MEGABYTE} megabytes", name)
        found[part] = await call.services.archive.draw(sent.content)
    return found


def _without(part: Portrait) -> Handler:
    async def handle(call: Call) -> StreamResponse:
        await _change(call, ProfileChange(pictures={part: None}))
        return json(await call.read(_own, call=call))

    return handle


def _wish(params: Params) -> ProfileChange:
    source = params.nested("source")
    return ProfileChange(
        name=_maybe_text(params, "display_name"),
        bio=_maybe_text(params, "note"),
        fields=_fields(params),
        locked=params.maybe_flag("locked"),
        discoverable=params.maybe_flag("discoverable"),
        indexable=params.maybe_flag("indexable"),
        automated=params.maybe_flag("bot"),
        hides_follows=params.maybe_flag("hide_collections"),
        picture_texts={
            part: params.text(f"{name}_description")
            for name, part in PICTURES.items()
            if f"{name}_description" in params
        },
        credited_by=_websites(params),
        shows_media=params.maybe_flag("show_media"),
        shows_media_replies=params.maybe_flag("show_media_replies"),
        shows_featured=params.maybe_flag("show_featured"),
        default_visibility=source.maybe("privacy"),
        default_sensitive=source.maybe_flag("sensitive"),
        default_language=_maybe_text(source, "language"),
        default_quote_policy=source.maybe("quote_policy"),
    )


def _maybe_text(params: Params, name: str) -> str | None:
    """A text that may be emptied: nothing only where it was not sent."""
    return params.text(name) if name in params else None


def _fields(params: Params) -> list[tuple[str, str]] | None:
    if "fields_attributes" not in params:
        return None
    rows = [(row.text("name"), row.text("value")) for row in params.rows("fields_attributes")]
    return [(name, value) for name, value in rows if name or value]


def _websites(params: Params) -> list[str] | None:
    if "attribution_domains" not in params:
        return None
    return params.many("attribution_domains")


async def preferences(call: Call) -> StreamResponse:
    """GET /api/v1/preferences."""
    own = await call.read(profiles.defaults, call.person.actor_id)
    return json(
        {
            "posting:default:visibility": own.visibility,
            "posting:default:sensitive": own.sensitive,
            "posting:default:language": own.language,
            "posting:default:quote_policy": own.quote_policy,
            "reading:expand:media": "default",
            "reading:expand:spoilers": False,
            "reading:autoplay:gifs": False,
        }
    )


_UPDATE = "/api/v1/accounts/update_credentials"
_PROFILE = "/api/v1/profile"

ROUTES: list[Route] = [
    get(
        "/api/v1/accounts/verify_credentials",
        verify,
        Access.ACCOUNT,
        "profile|read:accounts",
        answers=CredentialAccount,
    ),
    *change(
        _UPDATE, update, Access.ACCOUNT, "write:accounts", Body.UNREAD, answers=CredentialAccount
    ),
    get(_PROFILE, show, Access.ACCOUNT, "profile|read:accounts", answers=Profile),
    *change(
        _PROFILE, update_profile, Access.ACCOUNT, "write:accounts", Body.UNREAD, answers=Profile
    ),
    delete(
        "/api/v1/profile/avatar",
        _without(Portrait.AVATAR),
        Access.ACCOUNT,
        "write:accounts",
        answers=CredentialAccount,
    ),
    delete(
        "/api/v1/profile/header",
        _without(Portrait.HEADER),
        Access.ACCOUNT,
        "write:accounts",
        answers=CredentialAccount,
    ),
    get("/api/v1/preferences", preferences, Access.ACCOUNT, "read:accounts", answers=Preferences),
]
