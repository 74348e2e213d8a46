"""The one MetaData. Every table module imports it, every constraint gets a name from it."""

from sqlalchemy import MetaData

# Names by convention from the first day: migrations address constraints by them (and SQLite's
# table rebuild can only keep what has a name), and errors are told apart by them.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
