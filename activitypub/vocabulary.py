"""Names of the wire format: types, contexts, media types, the public addressee."""

from typing import Final

from domain.kinds import ActorType

PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
SECURITY: Final = "https://w3id.org/security/v1"
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"
DID: Final = "https://www.w3.org/ns/did/v1"  # defines assertionMethod (FEP-521a)
MULTIKEY: Final = "https://w3id.org/security/multikey/v1"

ACTIVITY_JSON: Final = "application/activity+json"
LD_JSON: Final = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
ACCEPT: Final = f"{ACTIVITY_JSON}, {LD_JSON}"

# Terms that are not in the ActivityStreams context, for peers that process JSON-LD.
OURS: Final = {"tertulia": "urn:tertulia:ns:1#"}
ACTOR_TERMS: Final = {
    "toot": "http://joinmastodon.org/ns#",
    "schema": "http://schema.org#",
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "suspended": "toot:suspended",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "searchableBy": {"@id": "http://fedibird.com/ns#searchableBy", "@type": "@id"},
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
    "implements": {
        "@id": "https://w3id.org/fep/844e/implements",
        "@type": "@id",
        "@container": "@set",
    },
    "Emoji": "toot:Emoji",
}
POST_TERMS: Final = {
    **OURS,
    "toot": "http://joinmastodon.org/ns#",
    "Hashtag": "as:Hashtag",
    "sensitive": "as:sensitive",
    "votersCount": "toot:votersCount",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@id": "toot:focalPoint", "@container": "@list"},
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
    "Emoji": "toot:Emoji",
}

ACTOR_CONTEXT: Final = [ACTIVITYSTREAMS, SECURITY, DID, MULTIKEY, ACTOR_TERMS]
POST_CONTEXT: Final = [ACTIVITYSTREAMS, POST_TERMS]
# The proof's own context must be a prefix of the document's (FEP-8b32).
PROOF_CONTEXT: Final = [ACTIVITYSTREAMS, DATA_INTEGRITY]
PROVEN_POST_CONTEXT: Final = [ACTIVITYSTREAMS, DATA_INTEGRITY, POST_TERMS]
# What is said in a community, and what it passes on: always with a proof inside (protocol §5).
COMMUNITY_CONTEXT: Final = [ACTIVITYSTREAMS, DATA_INTEGRITY, POST_TERMS, OURS]

# Our own terms between nodes.
ON_BEHALF_OF: Final = "tertulia:onBehalfOf"
CARDS: Final = "tertulia:cards"
COPIES: Final = "tertulia:copies"
LIKED: Final = "tertulia:likes"
TALLIES: Final = "tertulia:tallies"
COPY: Final = "tertulia:copy"
SHA256: Final = "tertulia:sha256"
SERVERS: Final = "tertulia:servers"
HAS_MEMBERS: Final = "tertulia:hasMembers"
IS_NODE: Final = "tertulia:isNode"
FORGETTING: Final = "tertulia:forgetting"
ASKED: Final = "tertulia:asked"
ACKNOWLEDGED: Final = "tertulia:acknowledged"

ACTOR_TYPES: Final = {
    "Person": ActorType.PERSON,
    "Group": ActorType.GROUP,
    "Service": ActorType.SERVICE,
    "Application": ActorType.APPLICATION,
    "Organization": ActorType.ORGANIZATION,
}
ACTOR_NAMES: Final = {value: name for name, value in ACTOR_TYPES.items()}

JsonDict = dict[str, object]
