"""What was said in a group of another server, done here. `social/groups` has checked it.

The group shows a post by its wrapper, once, however often and in however many words it announces
it. Nothing here touches what stands in another place, whoever announces it; and a moderator there
has no power over what our people wrote but to take it out of the group.
"""

from typing import Final

from msgspec.structs import replace

from activitypub.parse.activities import Inner
from domain.kinds import MembershipState
from domain.node import Node
from social import helper, moderating, notices, standing, storing
from social.ancestors import want_ancestors
from social.groups import REACTIONS, SHOWN, WORDS, Told
from social.notifications import tell_named
from social.reactions import add_like, drop_like
from social.remote_changes import delete_remote_post, update_remote_post
from social.remote_posts import store_remote_post, wait_for
from storage.queries import actors, closed, communities, follows, pins, posts, wrappers
from storage.queries import heard as ledger
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

MOST_TAKEN_OUT: Final = 200
"""Posts of one person that a group takes out at once."""

_NO_POST: Final = "no post of that group"


def take(tx: Tx, *, node: Node, told: Told) -> str | None:
    """Do what a group announced; why it had no effect. Doing it again changes nothing."""
    if not _is_free(tx, told):
        return "its id belongs to something else"
    if told.doer is not None and told.doer.is_hidden:
        return "they are shown to nobody here"
    if told.act is not None:
        return _deed(tx, node, told)
    if told.kind in WORDS or told.kind == SHOWN:
        return _words(tx, node, told)
    if told.doer is None:
        return "there is nobody of that id"
    if told.kind == "Delete":
        return _deleted(tx, node, told, told.doer)
    if told.kind in REACTIONS:
        return _liked(tx, told, told.doer)
    return _unliked(tx, told, told.doer, told.undone)


def _is_free(tx: Tx, told: Told) -> bool:
    """Whether the Announce may become a wrapper: its id is nothing else's."""
    row = posts.by_uri(tx, told.uri)
    return row is None or (row.author_id == told.group.id and row.share_of_id is not None)


# Words.


def _words(tx: Tx, node: Node, told: Told) -> str | None:
    row = posts.by_uri(tx, told.about)
    if row is not None and row.share_of_id is not None:
        return "a share is not announced"
    new = row is None
    if row is None:
        row = _stored(tx, node, told)
    elif told.kind == "Update" and told.note is not None and told.author is not None:
        changed = update_remote_post(
            tx, node=node, note=told.note, signer=told.author, received_at=told.announced_at
        )
        if not changed:
            return "nothing new"
    if row is None or not row.is_world_public:
        return "it is not for everybody, or not to be kept"
    if row.deleted_at is not None:
        return "it was deleted"
    if row.place_id not in {None, told.group.id}:
        return "it stands in another place"
    return _wrap(tx, node, told, row, new=new)


def _stored(tx: Tx, node: Node, told: Told) -> PostRow | None:
    if told.note is None or told.author is None:
        return None
    wait_for(tx, told.note)  # where it stands depends on what it answers
    place = told.group if _stands_there(tx, told) else None
    taken_out = ledger.is_taken_back(tx, told.group.id, told.note.id, (told.group.id,))
    if taken_out and place is None:
        return None  # the group shows it no more, and has no other power over it
    post_id = store_remote_post(
        tx,
        node=node,
        note=told.note,
        signer=told.author,
        received_at=told.announced_at,
        wanted=True,
        place=place,
    )
    if post_id is None:
        return None
    want_ancestors(tx, note=told.note)
    row = posts.by_id(tx, post_id)
    if row is None or not taken_out:
        return row
    if not _is_its_own(told.group, row):  # it came by itself meanwhile
        return None
    moderating.hide(tx, told.group, row)
    return posts.by_id(tx, post_id)


def _wrap(tx: Tx, node: Node, told: Told, row: PostRow, *, new: bool) -> str | None:
    """Show it as the group's, if it is not yet; whom it names here is told of what is new."""
    if not row.is_accepted:
        return "it was taken out of that group"
    if row.place_id is None and not row.is_local and _stands_there(tx, told):
        wrappers.place(tx, row.id, told.group.id)
    known = wrappers.last_of(tx, row.id, told.group.id) is not None
    if known:
        return None if told.kind == "Update" else "it is here already"
    storing.wrap(
        tx,
        row,
        community=told.group,
        uri=told.uri,
        announced_at=told.announced_at,
        node=node,
        fresh=told.fresh,
    )
    if new and told.fresh:
        named = posts.named_in(tx, row.id)
        tell_named(tx, row, [actor for actor, silent in named.items() if not silent])
    return None


def _stands_there(tx: Tx, told: Told) -> bool:
    """Whether the author wrote it in the group; a group may show other posts, too.

    An answer stands where its thread does, else the author's own words name the group.
    """
    note = told.note
    if note is None:
        return False
    parent = posts.by_uri(tx, note.in_reply_to) if note.in_reply_to is not None else None
    if parent is not None and parent.place_id is not None:
        return parent.place_id == told.group.id
    return told.group.uri in {
        *note.addressees,
        *(each.href for each in note.mentions),
    }


# What ends.


def _deleted(tx: Tx, node: Node, told: Told, doer: ActorView) -> str | None:
    if actors.by_uri(tx, told.about) is not None:
        return "nobody deletes somebody"
    is_known = posts.by_uri(tx, told.about) is not None
    deleted = delete_remote_post(tx, node=node, uri=told.about, by_uri=doer.uri)
    # What is not here is remembered: a Create that comes later is ignored.
    return None if deleted or not is_known else "no post of theirs by that id"


# Reactions.


def _in_group(tx: Tx, told: Told, uri: str | None) -> PostRow | None:
    """The post that is meant, if the group shows it."""
    row = posts.by_uri(tx, uri) if uri is not None else None
    if row is None or row.deleted_at is not None or row.share_of_id is not None:
        return None
    shown = row.place_id == told.group.id or posts.share_of(tx, row.id, told.group.id) is not None
    return row if shown and row.is_world_public else None


def _liked(tx: Tx, told: Told, doer: ActorView) -> str | None:
    row, activity = _in_group(tx, told, told.about), told.activity
    if row is None or activity is None or follows.is_blocked(tx, doer.id, row.author_id):
        return _NO_POST
    if ledger.is_taken_back(tx, told.group.id, activity.id, (doer.id,)):
        return "it was undone before it arrived"
    said = activity.said_with
    added = add_like(tx, actor_id=doer.id, post=row, uri=activity.id, said_with=said)
    return None if added else "it is here already"


def _unliked(tx: Tx, told: Told, doer: ActorView, undone: Inner | None) -> str | None:
    if undone is None:
        return "nothing says what is taken back"
    row = _in_group(tx, told, undone.object_id)
    if row is not None and drop_like(tx, actor_id=doer.id, post=row) is not None:
        return None
    if undone.id is None:
        return "there is no such like"
    ledger.taken_back(tx, told.group.id, doer.id, undone.id, undone.object_id or "")
    return None


# What moderators do.


def _deed(tx: Tx, node: Node, told: Told) -> str | None:
    act, group = told.act, told.group
    if act is None:
        return None
    if act.kind == "Block":
        return _banned(tx, node, told)
    featured = act.target is not None and act.target == group.featured
    if act.kind in {"Add", "Remove"} and not featured:
        return "who moderates a group is asked each time"
    row = _of_group(tx, told)
    if row is None:
        if act.kind != "Delete" or act.undo:
            return _NO_POST
        ledger.taken_back(tx, group.id, group.id, act.about)  # it may come later
        return None
    match act.kind, act.undo:
        case "Delete", False:
            return _taken_out(tx, node, group, row, act.reason)
        case "Delete", True:
            return _put_back(tx, node, told, row)
        case "Lock", undo:
            if not _began_there(tx, group, row):
                return _NO_POST
            done = (
                closed.reopen(tx, row.root_id)
                if undo
                else closed.close(tx, row.root_id, community_id=group.id, by_id=0)
            )
        case _:
            change = pins.add if act.kind == "Add" else pins.remove
            done = change(tx, group.id, row.id)
    return None if done else "it is so already"


def _of_group(tx: Tx, told: Told) -> PostRow | None:
    """The post that a deed is about, shown by the group or taken out of it."""
    row = posts.by_uri(tx, told.about)
    if row is None or row.share_of_id is not None:
        return None
    if row.place_id == told.group.id:
        return row
    return row if wrappers.last_of(tx, row.id, told.group.id) is not None else None


def _began_there(tx: Tx, group: ActorView, row: PostRow) -> bool:
    """Whether a post's whole thread is the group's: answers in it may go to other places'."""
    root = posts.by_id(tx, row.root_id)
    return root is not None and root.place_id == group.id


def _is_its_own(group: ActorView, row: PostRow) -> bool:
    """Whether a group says who reads a post; of others it decides only whether it shows them."""
    return not row.is_local and row.place_id == group.id


def _taken_out(tx: Tx, node: Node, group: ActorView, row: PostRow, reason: str) -> str | None:
    if _is_its_own(group, row):
        return None if moderating.hide(tx, group, row) else "it is not there any more"
    wrapper = posts.share_of(tx, row.id, group.id)
    if wrapper is None:
        return "it is not there any more"
    storing.remove(tx, wrapper)
    if row.is_local:
        text = f"{notices.withdrawn(group, reason)}\n\n{row.url}"
        helper.tell(tx, node=node, person_id=row.author_id, text=text)
    return None


def _put_back(tx: Tx, node: Node, told: Told, row: PostRow) -> str | None:
    if _is_its_own(told.group, row):
        shown = moderating.show(tx, node, told.group, row, uri=told.uri)
        return None if shown else "it was not taken out"
    if row.deleted_at is not None or posts.share_of(tx, row.id, told.group.id) is not None:
        return "it was not taken out"
    storing.wrap(
        tx,
        row,
        community=told.group,
        uri=told.uri,
        announced_at=row.created_at,
        node=node,
        fresh=False,
    )
    return None


def _banned(tx: Tx, node: Node, told: Told) -> str | None:
    """Somebody was shut out of the group, or is welcome again."""
    act, group = told.act, told.group
    person = actors.by_uri(tx, told.about)
    if act is None or person is None:
        return "there is nobody of that id"
    if act.remove_posts and not act.undo:
        for post_id in wrappers.written_by(tx, group.id, person.id, MOST_TAKEN_OUT):
            row = posts.by_id(tx, post_id)
            if row is not None:
                _taken_out(tx, node, group, row, act.reason)
    if not person.is_local:
        return None
    known = communities.member(tx, group.id, person.id)
    if known is None:
        return "they do not follow that group"
    if act.undo:
        if known.state is MembershipState.BANNED:
            communities.put_member(tx, replace(known, state=MembershipState.LEFT, until=None))
        return None
    if known.state is MembershipState.ACTIVE:
        standing.end(tx, known, MembershipState.BANNED)
    communities.put_member(tx, replace(known, state=MembershipState.BANNED, until=act.until))
    text = notices.banned(group, act.reason, act.until)
    helper.tell(tx, node=node, person_id=person.id, text=text)
    return None
