"""An open community here, a group of another server that Ana follows, and people around them."""

from typing import Any

from activitypub.parse.moderation import Act
from activitypub.parse.posts import NoteDocument, parse_note
from domain.addressing import PUBLIC_URI
from domain.audience import Audience
from domain.kinds import ActorType, Joining, MembershipState, Preset
from domain.roles import CommunityRole
from social import in_groups
from social.groups import SHOWN, Told
from social.remote_posts import store_remote_post
from storage.queries import actors, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_actor,
    add_follow,
    add_membership,
    add_node,
    add_person,
    add_post,
    add_remote,
    add_wrapper,
    put_community,
)

BOOKS = "https://books.example"


class Square:
    """`square` lives here: Ana and Bo are its stewards. `books` lives elsewhere: Ana follows it.

    Zoe lives on a third server; Cy is somebody here.
    """

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo, self.cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        self.zoe = add_remote(tx, "zoe")
        self.books = add_remote(tx, "books", BOOKS, type=ActorType.GROUP)
        self.square = add_actor(tx, "square", type=ActorType.GROUP)
        for group in (self.books, self.square):
            put_community(tx, group, preset=Preset.WORLD, joining=Joining.OPEN)
        add_membership(tx, self.books, self.ana)
        for steward in (self.ana, self.bo):
            add_membership(tx, self.square, steward, role=CommunityRole.STEWARD)
        add_follow(tx, self.ana, self.zoe)
        self._acts = 0

    def view(self, actor_id: int) -> ActorView:
        found = actors.by_id(self.tx, actor_id)
        assert found is not None
        return found

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def called(self, uri: str) -> PostRow | None:
        return posts.by_uri(self.tx, uri)

    def thread(self, **values: Any) -> int:
        """Ana's post in `square`, which shows it."""
        post_id = add_post(self.tx, self.ana, Audience.public(), place_id=self.square, **values)
        add_wrapper(self.tx, self.square, post_id)
        return post_id

    def note(self, name: str, *, by: int = 0, **said: Any) -> NoteDocument:
        """What somebody elsewhere wrote, for anybody to read."""
        author = self.view(by or self.zoe)
        whole = {
            "id": f"https://{author.domain}/o/{name}",
            "type": "Note",
            "attributedTo": author.uri,
            "content": f"<p>{name}</p>",
            "to": [PUBLIC_URI],
        }
        return parse_note(whole | said)

    def comes(self, note: NoteDocument, *, by: int = 0, wanted: bool = True) -> PostRow | None:
        """A post of another server comes, by itself or because somebody wants it."""
        author = self.view(by or self.zoe)
        found = store_remote_post(self.tx, node=NODE, note=note, signer=author, wanted=wanted)
        return None if found is None else self.row(found)

    def shows(self, uri: str, note: NoteDocument | None = None) -> str | None:
        """`books` announces a post; why it had no effect."""
        author = self.view(self.zoe) if note is not None else None
        return self._hears(SHOWN, uri, note=note, author=author)

    def moderates(
        self, kind: str, about: str, *, undo: bool = False, remove_posts: bool = False
    ) -> str | None:
        """A moderator of `books` does something; why it had no effect."""
        target = self.view(self.books).uri if kind == "Block" else None
        act = Act(
            kind=kind,
            undo=undo,
            about=about,
            target=target,
            reason="spam",
            remove_posts=remove_posts,
            until=None,
        )
        return self._hears("Undo" if undo else kind, about, act=act)

    def _hears(self, kind: str, about: str, **more: Any) -> str | None:
        self._acts += 1
        told = Told(
            group=self.view(self.books),
            uri=f"{BOOKS}/act/{self._acts}",
            announced_at=self.tx.now,
            kind=kind,
            about=about,
            **more,
        )
        return in_groups.take(self.tx, node=NODE, told=told)

    def shuts_out(self, actor_id: int, place: int = 0) -> None:
        """The stewards of `square` do not want somebody any more."""
        state = MembershipState.BANNED
        add_membership(self.tx, place or self.square, actor_id, state=state)
