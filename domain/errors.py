"""What can go wrong for a person, said without HTTP.

A use case raises one of these; the web edge turns it into a status code and a body. `message` is
always safe to show: it never repeats another person's data, and "not found" and "not allowed to
know" are the same sentence (protocol.md §1).
"""


class Problem(Exception):  # noqa: N818 -- a refusal, not a fault of the program
    """Base of everything a use case refuses. `message` is meant for people."""

    default = "This cannot be done"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default
        super().__init__(self.message)


class NotFound(Problem):
    """It does not exist, or the viewer may not know that it does: nobody can tell which."""

    default = "Record not found"


class NotAllowed(Problem):
    """The viewer may see the thing but not do this to it."""

    default = "This action is not allowed"


class Invalid(Problem):
    """The request makes no sense as sent; `field` names the part to correct, if there is one."""

    default = "Validation failed"

    def __init__(self, message: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Conflict(Problem):
    """Somebody else changed it meanwhile, or the name is taken."""

    default = "Conflict during update, please try again"


class TooMany(Problem):
    """A limit on how often or how much was reached. `retry_after` is in seconds, if known."""

    default = "Too many requests"

    def __init__(self, message: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Gone(Problem):
    """It existed for this viewer and has been deleted for good."""

    default = "Gone"


class NoRoom(Problem):
    """There is no space left for what was sent."""

    default = "There is no room left for this file"
