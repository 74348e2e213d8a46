"""The node's own custom emoji: small pictures that its people write as `:shortcode:`."""

from sqlalchemy import Column, LargeBinary, Named, Table, Text, TypedColumns

from storage.columns import Time
from storage.tables.metadata import metadata


class _CustomEmojis(TypedColumns):
    shortcode: Named[str] = Column(Text, primary_key=True)
    picture: Named[bytes] = Column(LargeBinary)  # PNG, drawn anew, some kilobytes
    digest: Named[str] = Column(Text)  # SHA-256 of the picture, hex: part of its address
    category: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)


custom_emojis = Table("custom_emojis", metadata, _CustomEmojis, sqlite_strict=True)
