"""Polls on pages: voting by a plain form, and the fold in which one is made."""

from typing import Final

from aiohttp.web import StreamResponse
from msgspec import Struct

from domain.errors import Invalid
from domain.polls import MOST_OPTIONS, NewPoll
from social import polls
from storage.tx import Tx
from storage.views.posts import visible
from web.call import Call
from web.pages import paths
from web.pages.rendering import see_other
from web.pages.wording import gettext as _
from web.params import Params
from web.routes import Access, Route, post

LONGEST_NUMBER: Final = 4
DAY_S: Final = 86_400


class Asking(Struct, frozen=True):
    """The fold: empty, or with what was typed. `answers` is one on each line, `lasts` seconds."""

    answers: str = ""
    lasts: int = DAY_S
    multiple: bool = False
    hides_totals: bool = False

    @property
    def durations(self) -> list[tuple[int, str]]:
        """What may be chosen, in seconds and in words."""
        return [
            (3_600, _("One hour")),
            (6 * 3_600, _("Six hours")),
            (DAY_S, _("One day")),
            (3 * DAY_S, _("Three days")),
            (7 * DAY_S, _("One week")),
            (30 * DAY_S, _("Thirty days")),
        ]


def asking(params: Params) -> Asking:
    """What was typed into the fold."""
    lasts = params.text("lasts")
    return Asking(
        params.text("answers"),
        int(lasts) if lasts.isascii() and lasts.isdigit() and len(lasts) < 9 else DAY_S,
        params.flag("multiple"),
        params.flag("hides_totals"),
    )


def wished(params: Params) -> NewPoll | None:
    """The poll that the form asks for; nothing if the fold was left alone."""
    typed = asking(params)
    answers = [line.strip() for line in typed.answers.splitlines()[: 4 * MOST_OPTIONS]]
    options = tuple(line for line in answers if line)
    if not options:
        return None
    return NewPoll(options, typed.lasts, typed.multiple, typed.hides_totals)


async def vote(call: Call) -> StreamResponse:
    """POST /posts/{id}/vote."""
    post_id = await call.write(_vote, call=call, choices=_choices(call.params))
    back = paths.own_path(call.params.text("back"))
    return see_other(paths.with_fragment(back, f"p{post_id}"))


def _choices(params: Params) -> list[int]:
    sent = params.many("choices")
    if not all(one.isascii() and one.isdigit() and len(one) <= LONGEST_NUMBER for one in sent):
        raise Invalid(_("The poll has no such answer"), "choices")
    return [int(one) for one in sent]


def _vote(tx: Tx, *, call: Call, choices: list[int]) -> int:
    post_id = visible(tx, call.id(), call.viewer).shown.id
    polls.vote(tx, node=call.node, actor_id=call.person.actor_id, post_id=post_id, choices=choices)
    return post_id


ROUTES: list[Route] = [post("/posts/{id}/vote", vote, Access.SIGNED_IN)]
