"""What people choose for their profiles that nobody else's software asks about."""

from sqlalchemy import Column, LargeBinary, Named, Table, TypedColumns

from storage.columns import Flag, Id
from storage.tables.metadata import metadata


class _ProfileChoices(TypedColumns):
    account_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    shows_media: Named[bool] = Column(Flag())  # which tabs an app draws
    shows_media_replies: Named[bool] = Column(Flag())
    shows_featured: Named[bool] = Column(Flag())
    credited_by: Named[bytes] = Column(LargeBinary)  # JSON: [domain, …] that may name the person


# Only of those who chose something; the rest have what `queries/profile_choices` begins with.
profile_choices = Table("profile_choices", metadata, _ProfileChoices, sqlite_strict=True)
