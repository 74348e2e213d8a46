"""What a community ought to be: who belongs, what was said, who likes what. No nodes, no clocks."""

from dataclasses import dataclass, field


@dataclass
class Word:
    """Something said in the community; `token` stands in its text and nowhere else.

    It `waits` while its author's node cannot reach the community: until that has taken it in,
    nobody likes it.
    """

    uri: str
    author: str
    token: str
    parent: "Word | None" = None
    deleted: bool = False
    waits: bool = False
    likes: set[str] = field(default_factory=set)


View = dict[str, tuple[str, int, int]]
"""What somebody sees: of each post's id, its token, how many like it, how many answer it."""


@dataclass
class Expected:
    """The state of one community. `steward` belongs to it for good."""

    steward: str
    members: set[str]
    words: list[Word] = field(default_factory=list)

    def living(self) -> list[Word]:
        """What was not deleted."""
        return [word for word in self.words if not word.deleted]

    def by(self, person: str) -> list[Word]:
        """What somebody said and may still change."""
        return [word for word in self.living() if word.author == person]

    def view(self, person: str) -> View | None:
        """What somebody sees in the community; None: it is not there for them."""
        if person not in self.members:
            return None
        return {word.uri: self._shown(word) for word in self.living()}

    def _shown(self, word: Word) -> tuple[str, int, int]:
        answers = [one for one in self.living() if one.parent is word]
        return word.token, len(word.likes), len(answers)
