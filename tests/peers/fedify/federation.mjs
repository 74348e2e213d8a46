// The peer's public face: actors, inboxes, collections and objects, all served by Fedify.
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import { detachSignature, verifyObject } from "@fedify/fedify/sig";
import { Activity, Endpoints, Note, Object as AnyObject, Person } from "@fedify/vocab";
import { receive } from "./receive.mjs";
import { BadCall, PUBLIC } from "./store.mjs";

const SPECS = { cavage: "draft-cavage-http-signatures-12", rfc9421: "rfc9421" };
export const specOf = (scheme) => {
  if (!(scheme in SPECS)) throw new BadCall(`unknown signature scheme: ${scheme}`);
  return SPECS[scheme];
};

const keys = new Map();

/** RSA for HTTP Signatures, Ed25519 for FEP-8b32 proofs, made once per run and actor. */
function keyPairsOf(identifier) {
  if (!keys.has(identifier)) {
    const types = ["RSASSA-PKCS1-v1_5", "Ed25519"];
    keys.set(identifier, Promise.all(types.map((type) => generateCryptoKeyPair(type))));
  }
  return keys.get(identifier);
}

/** A local actor's document, as served and as sent in Update. */
export async function personDocument(ctx, { identifier, name, summary, accept }) {
  const pairs = await ctx.getActorKeyPairs(identifier);
  return new Person({
    id: ctx.getActorUri(identifier),
    url: ctx.getActorUri(identifier),
    preferredUsername: identifier,
    name,
    summary,
    manuallyApprovesFollowers: accept === "manual",
    inbox: ctx.getInboxUri(identifier),
    outbox: ctx.getOutboxUri(identifier),
    followers: ctx.getFollowersUri(identifier),
    following: ctx.getFollowingUri(identifier),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  });
}

function serveActors(federation, store) {
  federation
    .setActorDispatcher("/users/{identifier}", (ctx, identifier) => {
      const actor = store.actors.get(identifier);
      return actor ? personDocument(ctx, actor) : null;
    })
    .setKeyPairsDispatcher((ctx, identifier) =>
      store.actors.has(identifier) ? keyPairsOf(identifier) : [],
    );
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
    software: { name: "fedify-peer", version: "0.1.0" },
    protocols: ["activitypub"],
    usage: { users: { total: store.actors.size }, localPosts: 0, localComments: 0 },
  }));
}

function serveCollections(federation, store) {
  const everything = (list) => ({ items: list, nextCursor: null });
  federation
    .setFollowersDispatcher("/users/{identifier}/followers", (ctx, identifier) => {
      const people = store.acceptedFollowers(identifier).map((id) => store.people.get(id));
      return everything(
        people.map((person) => ({ id: new URL(person.id), inboxId: new URL(person.inbox) })),
      );
    })
    .setCounter((ctx, identifier) => store.acceptedFollowers(identifier).length);
  federation
    .setFollowingDispatcher("/users/{identifier}/following", (ctx, identifier) =>
      everything(store.acceptedFollowing(identifier).map((id) => new URL(id))),
    )
    .setCounter((ctx, identifier) => store.acceptedFollowing(identifier).length);
  federation.setOutboxDispatcher("/users/{identifier}/outbox", async (ctx, identifier) => {
    const actor = ctx.getActorUri(identifier).href;
    const sent = [...store.sent.values()].filter((item) => item.actor === actor && isPublic(item));
    return everything(await Promise.all(sent.map((item) => Activity.fromJsonLd(item.document, ctx))));
  });
}

export const isPublic = ({ to, cc }) => to.includes(PUBLIC) || cc.includes(PUBLIC);

/** Who may read a local post: everybody if public, else the signing follower or addressee. */
async function mayRead(ctx, post) {
  if (isPublic(post)) return true;
  const reader = (await ctx.getSignedKeyOwner())?.id?.href;
  if (reader == null) return false;
  const follows = ctx.data.store.acceptedFollowers(post.as).includes(reader);
  const toFollowers = [...post.to, ...post.cc].includes(ctx.getFollowersUri(post.as).href);
  return [...post.to, ...post.cc].includes(reader) || (toFollowers && follows);
}

function serveNotes(federation, store) {
  federation
    .setObjectDispatcher(Note, "/notes/{id}", (ctx, { id }) => {
      const post = store.posts.get(ctx.getObjectUri(Note, { id }).href);
      return post?.local && !post.deleted ? Note.fromJsonLd(post.document, ctx) : null;
    })
    .authorize((ctx, { id }) => {
      const post = store.posts.get(ctx.getObjectUri(Note, { id }).href);
      return post?.local && !post.deleted ? mayRead(ctx, post) : true;
    });
}

/** Judges a document's FEP-8b32 proofs, keys fetched from its actors: verified, invalid or none. */
export async function checkProof(ctx, document) {
  if (document?.proof == null) return "none";
  const { documentLoader, contextLoader } = ctx;
  const loaders = { documentLoader, contextLoader };
  // A Linked Data Signature is put on after the proof and is not part of what was proven.
  const proven = detachSignature(document);
  const object = await verifyObject(AnyObject, proven, loaders).catch(() => null);
  return object == null ? "invalid" : "verified";
}

async function onActivity(ctx, activity) {
  const { store, request } = ctx.data;
  const proof = await checkProof(ctx, request.document);
  const object_proof = await checkProof(ctx, request.document?.object);
  const entry = store.append(store.received, {
    type: activity.constructor.name,
    id: activity.id?.href ?? null,
    actor: activity.actorId?.href ?? null,
    inbox: ctx.recipient ?? "shared",
    scheme: request.scheme,
    http_signature: request.http_signature,
    key_id: request.key_id,
    proof,
    object_proof,
    document: request.document,
    outcome: "received",
  });
  entry.outcome = await receive(ctx, activity).catch((error) => {
    store.fail(`receiving ${entry.type} ${entry.id}`, error);
    return `failed: ${error.message}`;
  });
}

function listen(federation, store) {
  federation
    .setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .on(Activity, onActivity)
    .onError((ctx, error) => store.fail("inbox", error))
    .setSharedKeyDispatcher(() => ({ identifier: store.actors.keys().next().value }));
}

/** Fedify remembers which signatures an origin took; here each request begins with the knock again. */
class ForgetfulKvStore extends MemoryKvStore {
  async set(key, ...rest) {
    if (!key.includes("httpMessageSignaturesSpec")) await super.set(key, ...rest);
  }
}

/**
 * A federation without queues: a control call returns when everything is delivered or refused.
 * `knock` is the scheme tried first; Fedify falls back to the other.
 */
export function buildFederation({ origin, knock, store }) {
  const federation = createFederation({
    kv: new ForgetfulKvStore(),
    origin,
    allowPrivateAddress: true,
    firstKnock: specOf(knock),
    userAgent: { software: "fedify-peer/0.1.0", url: origin },
  });
  serveActors(federation, store);
  serveCollections(federation, store);
  serveNotes(federation, store);
  listen(federation, store);
  return federation;
}
