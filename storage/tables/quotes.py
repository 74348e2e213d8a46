"""Which post quotes which, and what the quoted author said of it (FEP-044f)."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from domain.quotes import QuoteState
from storage.columns import Enum8, Flag, Id, Time
from storage.tables.metadata import metadata


class _Quotes(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)  # also our approval's number
    uri: Named[str] = Column(Text)  # the quoting post
    post_id: Named[int | None] = Column(Id)  # the same, once it is here
    quoter_id: Named[int] = Column(Id)
    quoted_uri: Named[str] = Column(Text)
    quoted_id: Named[int | None] = Column(Id)  # the same, if it is here and its quoter may read it
    state: Named[QuoteState] = Column(Enum8(QuoteState))
    # Said without FEP-044f's own word, so nobody was asked: shown only once it was approved.
    unasked: Named[bool] = Column(Flag())
    counted: Named[bool] = Column(Flag())  # in the quoted post's figures
    request_uri: Named[str | None] = Column(Text)  # the QuoteRequest
    authorization_uri: Named[str | None] = Column(Text)  # the QuoteAuthorization
    created_at: Named[int] = Column(Time)
    checked_at: Named[int] = Column(Time)  # when its authorization was last asked for


quotes = Table("quotes", metadata, _Quotes, sqlite_strict=True)
Index("uq_quotes_uri", quotes.c.uri, unique=True)
_here = quotes.c.post_id.is_not(None)
_unknown = quotes.c.quoted_id.is_(None)
_known = quotes.c.quoted_id.is_not(None)
_asked = quotes.c.request_uri.is_not(None)
_authorized = quotes.c.authorization_uri.is_not(None)
Index("ix_quotes_post_id", quotes.c.post_id, sqlite_where=_here, postgresql_where=_here)
Index(
    "ix_quotes_quoted_id",
    quotes.c.quoted_id,
    quotes.c.id,
    sqlite_where=_known,
    postgresql_where=_known,
)
Index("ix_quotes_quoted_uri", quotes.c.quoted_uri, sqlite_where=_unknown, postgresql_where=_unknown)
Index("ix_quotes_request_uri", quotes.c.request_uri, sqlite_where=_asked, postgresql_where=_asked)
Index(
    "ix_quotes_authorization_uri",
    quotes.c.authorization_uri,
    sqlite_where=_authorized,
    postgresql_where=_authorized,
)
