"""HTML from templates: everything is escaped, nothing is undefined, nothing runs in the browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs
from aiohttp.web import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.emojis import unpacked
from domain.filetypes import MEDIA_TYPES, TEXTS, Form, form_of
from domain.filters import Action, Place
from domain.kinds import Acceptance, ActorType, Life, Role
from domain.node import Node
from domain.quotes import Standing
from domain.reactions import OFFERED, Tally
from domain.reactions import unpacked as reactions
from social.files import proxied
from storage.queries import actors
from storage.views.actors import ActorView
from web.call import Call
from web.mastodon.entities.emojis import address as emoji_address
from web.pages import cookies, files, paths, wording
from web.pages.markup import cleaned, named
from web.services import SERVICES

FOLDER: Final = Path(__file__).parent / "templates"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self';"
    " form-action 'self'{target}; base-uri 'none'; frame-ancestors 'none'"
)


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined] # of the i18n extension
        wording.gettext, wording.ngettext, newstyle=True
    )
    made.filters |= {
        "cleaned": cleaned,
        "named": named,
        "folded_by": wording.folded_by,
        "readers": wording.readers,
        "may_be_shared": wording.may_be_shared,
        "may_be_pinned": wording.may_be_pinned,
        "instead_of_quote": wording.instead_of_quote,
        "moment": wording.moment,
        "when": wording.when,
        "exactly": wording.exactly,
        "to_the_minute": wording.to_the_minute,
        "most_votes": wording.most_votes,
        "actor_path": paths.of_actor,
        "post_path": paths.of_post,
        "tag_path": paths.of_tag,
        "form": form_of,
        "weight": wording.weight,
    }
    made.globals |= {
        "static": files.address_of,
        "language": wording.LANGUAGE,
        "Acceptance": Acceptance,
        "Form": Form,
        "accepted": ",".join((*MEDIA_TYPES, *TEXTS)),
        "Life": Life,
        "Place": Place,
        "Action": Action,
        "ActorType": ActorType,
        "Role": Role,
        "Standing": Standing,
        "reactions_offered": OFFERED,
        "quote_choices": wording.quote_choices(),
    }
    return made


_TEMPLATES: Final = _environment()


async def page(
    call: Call, template: str, *, status: int = 200, form_target: str = "", **values: Any
) -> Response:
    """A page for whoever calls. `form_target`: where else its forms may lead (CSP form-action)."""
    me = await call.read(actors.by_id, call.person.actor_id) if call.is_signed_in else None
    word = cookies.form_word(call)
    shown = {
        "me": me,
        "identity": call.identity,
        "csrf": word,
        "now": call.services.clock(),
        "here": call.request.rel_url.raw_path_qs,
    }
    text = _rendered(call.node, template, shown | {"path": call.request.path} | values)
    response = _html(text, status, form_target)
    cookies.keep_form_word(call, response, word)
    return response


def bare_page(request: Request, template: str, status: int, **values: Any) -> Response:
    """A page that is the same for everybody, signed in or not: refusals."""
    services = request.app[SERVICES]
    shown = {"me": None, "identity": None, "csrf": "", "now": 0, "here": "/", "path": ""}
    return _html(_rendered(services.node, template, shown | values), status)


def _rendered(node: Node, template: str, values: Mapping[str, Any]) -> str:
    def picture(actor: ActorView) -> str:
        """Pictures come from here alone: another server would learn who looks at it."""
        return proxied(node, actor.avatar) if actor.avatar else files.address_of("avatar.png")

    def emojis(kept: bytes) -> dict[str, str]:
        """Where the pictures of the emoji beside a text are."""
        return {one.shortcode: emoji_address(node, one.url) for one in unpacked(kept)}

    def tallies(kept: bytes) -> list[Tally]:
        """With which emoji a post is liked, and where their pictures are."""
        return [
            Tally(one.emoji, emoji_address(node, one.url) if one.url else None, one.count)
            for one in reactions(kept)
        ]

    address = node.origin.partition("://")[2]
    made = _TEMPLATES.get_template(template)
    shown = {"picture": picture, "emojis": emojis, "tallies": tallies}
    return made.render(node=node, address=address, **shown, **values)


def _html(text: str, status: int, target: str = "") -> Response:
    policy = _POLICY.format(target=f" {target}" if target else "")
    headers = {hdrs.CACHE_CONTROL: "private, no-store", "Content-Security-Policy": policy}
    return Response(text=text, status=status, content_type="text/html", headers=headers)


def see_other(location: str) -> Response:
    """Go on there with a GET. The address is sent as it is, whatever its scheme."""
    return Response(status=303, headers={hdrs.LOCATION: location})
