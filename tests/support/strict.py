"""Holds a piece of an answer against the type that it should have, for tests that look closely.

Every answer of every running node is held against the type of its route anyway, and every event of
a stream against what it carries (`tests/support/oracles.py`).
"""

from typing import Any, Final

from tests.support.schemas import problems
from web.mastodon.entities import (
    accounts,
    apps,
    errors,
    instance,
    lists,
    media,
    notifications,
    polls,
    preferences,
    search,
    statuses,
    tags,
    threads,
    versions,
)

_NAMED: Final[dict[str, object]] = {
    "account": accounts.Account,
    "application": apps.Application,
    "context": threads.Context,
    "credential_account": accounts.CredentialAccount,
    "credential_application": apps.CredentialApplication,
    "deleted_status": statuses.DeletedStatus,
    "edit": versions.StatusEdit,
    "error": errors.Error,
    "grouped_notifications": notifications.GroupedNotifications,
    "instance": instance.Instance,
    "instance_v1": instance.InstanceV1,
    "list": lists.UserList,
    "media": media.MediaAttachment,
    "notification": notifications.Notification,
    "poll": polls.Poll,
    "preferences": preferences.Preferences,
    "quote": statuses.Quote,
    "relationship": accounts.Relation,
    "search": search.Search,
    "source": versions.StatusSource,
    "status": statuses.Status,
    "tag": tags.Tag,
    "token": apps.Token,
}
"""Names that tests use for types."""
_FOR_STRANGERS: Final = "_for_strangers"


def check(name: object, value: Any) -> Any:
    """`value`, if it is what a person gets to see under this name, or of this type.

    A name that ends in `_for_strangers` is what somebody sees who is not signed in.
    """
    signed_in, type_ = True, name
    if isinstance(name, str):
        signed_in = not name.endswith(_FOR_STRANGERS)
        type_ = _NAMED[name.removesuffix(_FOR_STRANGERS)]
    found = problems(type_, value, signed_in=signed_in)
    assert not found, f"{name}: {'; '.join(found)}"
    return value


def check_all(name: object, values: Any) -> Any:
    """`values`, if it is a list of such."""
    assert isinstance(values, list), f"{name}: {values!r} is no list"
    for value in values:
        check(name, value)
    return values
