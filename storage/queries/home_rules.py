"""What belongs into a home and into a list, as SQL: by whom one follows, and by which tags.

These say what somebody wants to come across; what they may read is another question, which every
statement asks as well (`storage/audience.py`).
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from domain.audience import Kind
from domain.ids import HERE
from domain.kinds import FollowState, Limit, RepliesPolicy
from storage.audience import Asking, fixed
from storage.columns import Id, Text
from storage.tables.actors import actors
from storage.tables.followed_tags import followed_tags
from storage.tables.lists import list_members, lists
from storage.tables.posts import post_tags, posts
from storage.tables.relations import follows

Reader = ColumnElement[int]


class Line(NamedTuple):
    """What may become a line of a home: an alias of `posts`, and the outer-joined shared post."""

    post: Any
    original: Any


def is_followed(
    follower: Reader, target: ColumnElement[int] | ColumnElement[int | None]
) -> ColumnElement[bool]:
    """Whether somebody follows somebody."""
    known = follows.alias("known")
    condition = and_(
        known.c.follower_id == follower,
        known.c.target_id == target,
        known.c.state == fixed(FollowState.ACCEPTED),
    )
    return exists().where(condition).correlate_except(known)


def wanted(line: Line, reader: Reader) -> ColumnElement[bool]:
    """Answers belong into a home if they go to its owner, to their author, or to somebody followed.

    Mastodon's rule (app/lib/feed_manager.rb, filter_from_home).
    """
    new = line.post.c
    answer = or_(
        and_(new.reply_to_id.is_(None), new.reply_to_uri.is_(None)),
        new.reply_to_author_id == new.author_id,
        new.reply_to_author_id == reader,
        and_(new.reply_to_author_id.is_not(None), is_followed(reader, new.reply_to_author_id)),
    )
    return and_(answer, _in_its_place(line, reader))


def _in_its_place(line: Line, reader: Reader) -> ColumnElement[bool]:
    """What was written in a community comes as the community's wrapper, and once (protocol §4).

    Of its answers only those to the reader come home; all of them stand in the community's list.
    Words for the world come as they are to who follows their author and not the community.
    """
    new, original = line.post.c, line.original.c
    wrapped = and_(
        new.share_of_id.is_not(None),
        or_(
            new.author_id != new.place_id,
            and_(original.reply_to_id.is_(None), original.reply_to_uri.is_(None)),
            original.reply_to_author_id == reader,
        ),
    )
    return or_(new.place_id.is_(None), wrapped, _apart(line, reader))


def _apart(line: Line, reader: Reader) -> ColumnElement[bool]:
    new = line.post.c
    return and_(
        new.share_of_id.is_(None),
        new.kind == fixed(Kind.PUBLIC),
        ~is_followed(reader, new.place_id),
    )


def as_itself(line: Line, author: Reader) -> ColumnElement[bool]:
    """Own words in a community come back to their author with the community's wrapper."""
    new = line.post.c
    return or_(new.place_id.is_(None), new.share_of_id.is_not(None), _apart(line, author))


def in_language(post: Any, follow: Any) -> ColumnElement[bool]:
    """Whether a post is in a language that this follow wants, or says none."""
    named = func.lower(post.c.language)
    return or_(
        follow.c.languages == literal_column("''", Text),
        post.c.language.is_(None),
        (literal_column("' '", Text) + follow.c.languages + literal_column("' '", Text)).like(
            literal_column("'% '", Text) + named + literal_column("' %'", Text)
        ),
    )


def by_follow(line: Line, reader: Reader) -> ColumnElement[bool]:
    """Whether the reader wrote it, or follows its author and wants such posts of theirs."""
    wish = follows.alias("wish")
    follow = and_(
        stands_between(wish, reader, line.post.c.author_id),
        wanted_by(wish, line.post),
    )
    own = and_(line.post.c.author_id == reader, as_itself(line, reader))
    return or_(own, and_(exists().where(follow).correlate_except(wish), wanted(line, reader)))


def stands_between(follow: Any, reader: Reader, author: Reader) -> ColumnElement[bool]:
    """Whether a row of `follows` says that the reader follows the author."""
    return and_(
        follow.c.follower_id == reader,
        follow.c.target_id == author,
        follow.c.state == fixed(FollowState.ACCEPTED),
    )


def wanted_by(follow: Any, post: Any) -> ColumnElement[bool]:
    """Whether whoever follows like this wants such a post: shares, languages."""
    return and_(or_(post.c.share_of_id.is_(None), follow.c.shares), in_language(post, follow))


# Tags.


def words_of(post: Any) -> ColumnElement[int | None]:
    """The post whose words and tags count: itself, of a wrapper what it wraps; of a share none."""
    return case(
        (post.c.share_of_id.is_(None), post.c.id),
        (post.c.author_id == post.c.place_id, post.c.share_of_id),
    )


def may_come_by_tag(line: Line, asking: Asking) -> ColumnElement[bool]:
    """Whether a post is one that tag pages list for this reader, and in its place (protocol §4).

    What came here because somebody here follows its author says whom our people follow: by a tag,
    too, only full members come across it.
    """
    new, original = line.post.c, line.original.c
    silenced = actors.alias("silenced")
    author = func.coalesce(original.author_id, new.author_id)
    limited = and_(silenced.c.id == author, silenced.c.limited != fixed(Limit.NONE))
    return and_(
        new.kind <= fixed(Kind.NODE),
        ~new.quiet,
        or_(original.id.is_(None), ~original.quiet),
        or_(
            and_(new.share_of_id.is_(None), new.place_id.is_(None)),
            and_(new.share_of_id.is_not(None), new.author_id == new.place_id),
        ),
        or_(asking.full, func.coalesce(original.origin_id, new.origin_id) == fixed(HERE)),
        author != asking.actor,
        ~exists().where(limited).correlate_except(silenced),
    )


_wrapper: Final = posts.alias("tagged_wrapper")


def tagged(condition: ColumnElement[bool]) -> Any:
    """Ids of posts with a tag that fits `condition` (over `post_tags`), and of their wrappers."""
    itself = select(post_tags.c.post_id).where(condition)
    wrappers = (
        select(_wrapper.c.id)
        .join(post_tags, post_tags.c.post_id == _wrapper.c.share_of_id)
        .where(
            condition,
            _wrapper.c.author_id == _wrapper.c.place_id,
            _wrapper.c.deleted_at.is_(None),
        )
    )
    return itself.union_all(wrappers)


def tagged_for(reader: Reader, above: Reader | None = None, wrapped_above: Any = None) -> Any:
    """Ids of posts with a tag that the reader follows, and of their wrappers.

    It begins with what the reader follows: nothing is read for who follows no tag, and posts
    without those tags are never looked at. `above`: only ids above this one, and wrappers only of
    posts above `wrapped_above`.
    """
    rows = followed_tags.join(post_tags, post_tags.c.tag == followed_tags.c.tag)
    itself = select(post_tags.c.post_id).select_from(rows).where(followed_tags.c.actor_id == reader)
    wrappers = (
        select(_wrapper.c.id)
        .select_from(rows.join(_wrapper, _wrapper.c.share_of_id == post_tags.c.post_id))
        .where(
            followed_tags.c.actor_id == reader,
            _wrapper.c.author_id == _wrapper.c.place_id,
            _wrapper.c.deleted_at.is_(None),
        )
    )
    if above is not None:
        itself = itself.where(post_tags.c.post_id > above)
        wrappers = wrappers.where(_wrapper.c.id > above, post_tags.c.post_id > wrapped_above)
    return itself.union_all(wrappers)


def followed_by(reader: Reader) -> ColumnElement[bool]:
    """Whether the reader follows the tag of a row of `post_tags`."""
    return (
        exists()
        .where(followed_tags.c.actor_id == reader, followed_tags.c.tag == post_tags.c.tag)
        .correlate_except(followed_tags)
    )


def comes_by_tag(post: Any, reader: Reader) -> ColumnElement[bool]:
    """Whether a post has a tag that the reader follows."""
    found = and_(post_tags.c.post_id == words_of(post), followed_by(reader))
    return exists().where(found).correlate_except(post_tags)


# Lists.

LIST: Final = bindparam("list_id", type_=Id)


def set_apart(author: Reader, reader: Reader) -> ColumnElement[bool]:
    """Whether an author is on a list of the reader's that keeps its members' posts from home."""
    apart, on_it = lists.alias("apart"), list_members.alias("on_it")
    mine = and_(apart.c.actor_id == reader, apart.c.exclusive)
    # The first question is about the reader alone: asked once for a page, mostly answered no.
    any_at_all = exists().where(mine).correlate_except(apart)
    found = and_(mine, on_it.c.list_id == apart.c.id, on_it.c.member_id == author)
    return and_(any_at_all, author != reader, exists().where(found).correlate_except(apart, on_it))


def listed_answer(line: Line, listing: Any, reader: Reader) -> ColumnElement[bool]:
    """Whether a list shows what a post answers, by the list's policy (`listing`: its row).

    Mastodon's rule (app/lib/feed_manager.rb, filter_from_list): answers to its owner and to oneself
    always stand there; others where their receiver is followed, or on the list, or never.
    """
    new, original = line.post.c, line.original.c
    is_wrapper = and_(new.share_of_id.is_not(None), new.author_id == new.place_id)
    asked = case(
        (new.share_of_id.is_(None), new.reply_to_author_id),
        (is_wrapper, original.reply_to_author_id),
    )
    author = func.coalesce(original.author_id, new.author_id)
    there = list_members.alias("answered")
    on_it = and_(there.c.list_id == listing.c.id, there.c.member_id == asked)
    return or_(
        asked.is_(None),
        asked == author,
        asked == reader,
        listing.c.replies_policy == fixed(RepliesPolicy.FOLLOWED),
        and_(
            listing.c.replies_policy == fixed(RepliesPolicy.LIST),
            exists().where(on_it).correlate_except(there),
        ),
    )
