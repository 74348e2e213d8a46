"""Origins (other web servers), what was decided about domains, and agreements with nodes."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import AgreementKind, Directory, OfferState, RuleAction, SignatureScheme
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Origins(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    origin: Named[str] = Column(Text)  # "https://host[:port]", canonical
    software: Named[str | None] = Column(Text)
    application_id: Named[int | None] = Column(Id)  # its Application actor
    scheme: Named[SignatureScheme] = Column(Enum8(SignatureScheme))
    failures: Named[int] = Column(Number)
    failing_since: Named[int | None] = Column(Time)
    retry_at: Named[int] = Column(Time)  # the breaker: nothing is sent before
    first_seen_at: Named[int] = Column(Time)


origins = Table("origins", metadata, _Origins, sqlite_strict=True)
Index("uq_origins_origin", origins.c.origin, unique=True)


class _DomainRules(TypedColumns):
    pattern: Named[str] = Column(Text, primary_key=True)  # canonical host, matched by labels
    action: Named[RuleAction] = Column(Enum8(RuleAction))
    reason: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)


domain_rules = Table("domain_rules", metadata, _DomainRules, sqlite_strict=True)


class _Agreements(TypedColumns):
    origin_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    kind: Named[AgreementKind] = Column(Enum8(AgreementKind))
    since: Named[int] = Column(Time)
    until: Named[int | None] = Column(Time)  # the agreed end; past means ended
    active: Named[bool] = Column(Flag())
    uri: Named[str] = Column(Text)  # the Offer's id: both sides name it
    directory: Named[Directory] = Column(Enum8(Directory))
    contact: Named[str] = Column(Text)
    ended_at: Named[int | None] = Column(Time)


agreements = Table("agreements", metadata, _Agreements, sqlite_strict=True)


class _AgreedCommunities(TypedColumns):
    origin_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    community_uri: Named[str] = Column(Text, primary_key=True)


# Which communities an agreement is about; none: any.
agreed_communities = Table("agreed_communities", metadata, _AgreedCommunities, sqlite_strict=True)


class _Offers(TypedColumns):
    uri: Named[str] = Column(Text, primary_key=True)
    domain: Named[str] = Column(Text)  # canonical host[:port] of the other node
    ours: Named[bool] = Column(Flag())
    code_hash: Named[str] = Column(Text)  # ours: hex, keyed by the code; theirs: empty
    body: Named[bytes] = Column(LargeBinary)  # the document as it was or will be shown
    state: Named[OfferState] = Column(Enum8(OfferState))
    made_at: Named[int] = Column(Time)
    lapses_at: Named[int] = Column(Time)


offers = Table("offers", metadata, _Offers, sqlite_strict=True)
Index("ix_offers_domain", offers.c.domain, offers.c.state)


class _Disclosures(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    since: Named[int] = Column(Time)


# Who of ours is known to whom: a stored fact, never inferred (protocol §3).
disclosures = Table("disclosures", metadata, _Disclosures, sqlite_strict=True)


class _NodeFacts(TypedColumns):
    name: Named[str] = Column(Text, primary_key=True)
    value: Named[str] = Column(Text)


# Origin, handle domain and the like: written once at first start (protocol §2).
node_facts = Table("node_facts", metadata, _NodeFacts, sqlite_strict=True)


class _Nonces(TypedColumns):
    nonce: Named[str] = Column(Text, primary_key=True)
    expires_at: Named[int] = Column(Time)


nonces = Table("nonces", metadata, _Nonces, sqlite_strict=True)
Index("ix_nonces_expires_at", nonces.c.expires_at)
