"""Reading posts for the search: words are written in batches, behind the requests.

A new or edited post waits in a row of its own until a job reads it, or until somebody searches:
whoever asks right after a post was made finds it. Until then nothing but the search is late, and
nothing is found by words that a post does not say any more.
"""

from typing import Final

from msgspec import Struct

from domain.text import to_plain
from domain.words import MOST_WORDS, words
from jobs.queue import Decision, Job
from jobs.schedule import Every
from jobs.worker import Each, Handler
from storage.database import Database
from storage.queries import files, polls
from storage.queries import words as stored
from storage.tx import Tx

READ_POSTS: Final = "read_posts"
"""The kind of job that reads what waits."""
EVERY_MS: Final = 60_000

AT_ONCE: Final = 50
"""Posts whose words one unit writes: there is one writer."""
BEFORE_A_SEARCH: Final = 4
"""Units that somebody who searches waits for at most."""
MOST_OF_A_JOB: Final = 2_000


class _Read(Struct, frozen=True):
    post_id: int
    version: int | None  # None: it was deleted
    words: list[str]


async def catch_up(db: Database, *, units: int = BEFORE_A_SEARCH) -> int:
    """Write the words of posts that wait, the newest first; how many posts."""
    done = 0
    for _ in range(units):
        found = await db.slow(_read, AT_ONCE)
        if not found:
            break
        done += await db.write(_store, found)
    return done


def _read(tx: Tx, limit: int) -> list[_Read]:
    """Read some of what waits. The text is taken apart here, where no writer waits for it."""
    waiting = stored.waiting(tx, limit)
    if not waiting:
        return []
    texts = stored.texts(tx, waiting)
    beside: dict[int, list[str]] = {}
    for post_id, attached in files.of_posts(tx, waiting).items():
        beside.setdefault(post_id, []).extend(each.alt for each in attached)
    for post_id, poll in polls.of_posts(tx, waiting, 0).items():
        beside.setdefault(post_id, []).extend(option.name for option in poll.options)
    there = [_words_of(text, beside.get(text.post_id, [])) for text in texts]
    gone = set(waiting) - {each.post_id for each in there}
    return [*there, *(_Read(post_id, None, []) for post_id in gone)]


def _words_of(text: stored.Text, beside: list[str]) -> _Read:
    parts = (text.title, text.summary, to_plain(text.content), *beside)
    found = dict.fromkeys(word for part in parts for word in words(part))
    return _Read(text.post_id, text.version, list(found)[:MOST_WORDS])


def _store(tx: Tx, found: list[_Read]) -> int:
    """Write what was read, but of posts that say something else by now: they wait on."""
    ids = [each.post_id for each in found]
    stored.take(tx, ids)
    now = stored.versions(tx, ids)
    fitting = [each for each in found if now.get(each.post_id) == each.version]
    stored.store(tx, [(each.post_id, each.words) for each in fitting])
    stored.wait(tx, sorted(set(ids) - {each.post_id for each in fitting}))
    return len(fitting)


def job_handlers(db: Database) -> dict[str, Handler]:
    """The kind of job, for the worker."""

    async def run(_job: Job) -> Decision:
        await catch_up(db, units=MOST_OF_A_JOB)
        return None

    return {READ_POSTS: Each(run)}


def schedule() -> list[Every]:
    """What happens again and again."""
    return [Every(READ_POSTS, EVERY_MS)]
