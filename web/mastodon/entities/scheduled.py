"""Posts that appear later as Mastodon's ScheduledStatus."""

from collections.abc import Sequence
from typing import Literal, TypedDict, cast

from domain.node import Node
from domain.polls import NewPoll
from social.placing import Draft
from storage.queries.files import FileRow
from storage.queries.scheduled import ScheduledRow
from web.mastodon.entities.accounts import Visibility
from web.mastodon.entities.formats import Count, Id, Moment
from web.mastodon.entities.media import MediaAttachment, media
from web.mastodon.entities.times import moment


class ScheduledPoll(TypedDict):
    """What will be asked; `expires_in` in seconds from when it appears."""

    options: list[str]
    expires_in: Count
    multiple: bool
    hide_totals: bool


class ScheduledParams(TypedDict):
    """What was typed and chosen. The one id among them that is a number is so in Mastodon, too."""

    text: str
    poll: ScheduledPoll | None
    media_ids: list[Id] | None
    sensitive: bool
    spoiler_text: str
    visibility: Visibility
    local_only: bool
    in_reply_to_id: int | None
    language: str | None
    application_id: int
    scheduled_at: None
    idempotency: str | None
    with_rate_limit: bool
    quoted_status_id: Id | None
    quote_approval_policy: Literal["public", "followers", "nobody"]


class ScheduledStatus(TypedDict):
    """A post that appears later."""

    id: Id
    scheduled_at: Moment
    params: ScheduledParams
    media_attachments: list[MediaAttachment]


def scheduled(
    row: ScheduledRow, draft: Draft, files: Sequence[FileRow], node: Node
) -> ScheduledStatus:
    """A ScheduledStatus for its author."""
    return {
        "id": str(row.id),
        "scheduled_at": moment(row.due_at),
        "params": _params(draft),
        "media_attachments": [media(file, node, row.actor_id) for file in files],
    }


def _params(draft: Draft) -> ScheduledParams:
    return {
        "text": draft.text,
        "poll": None if draft.poll is None else _poll(draft.poll),
        "media_ids": [str(one) for one in draft.media_ids] or None,
        "sensitive": draft.sensitive,
        "spoiler_text": draft.summary,
        "visibility": cast("Visibility", draft.visibility.value),
        "local_only": draft.local_only,
        "in_reply_to_id": draft.reply_to_id,
        "language": draft.language,
        "application_id": draft.app_id or 0,
        "scheduled_at": None,
        "idempotency": draft.idempotency_key,
        "with_rate_limit": False,
        "quoted_status_id": None if draft.quoted_id is None else str(draft.quoted_id),
        "quote_approval_policy": cast(
            "Literal['public', 'followers', 'nobody']", draft.quote_policy
        ),
    }


def _poll(poll: NewPoll) -> ScheduledPoll:
    return {
        "options": list(poll.options),
        "expires_in": poll.lasts_s,
        "multiple": poll.multiple,
        "hide_totals": poll.hides_totals,
    }
