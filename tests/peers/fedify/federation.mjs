// The peer's public face: actors, inboxes, collections and objects, all served by Fedify.
import { createFederation, generateCryptoKeyPair, MemoryKvStore } from "@fedify/fedify";
import { detachSignature, verifyObject } from "@fedify/fedify/sig";
import {
  Activity, Application, Endpoints, Group, Note, Object as AnyObject, Person, Question,
  QuoteAuthorization, Service,
} from "@fedify/vocab";
import { recipientOf } from "./describe.mjs";
import { receive } from "./receive.mjs";
import { BadCall, PUBLIC } from "./store.mjs";

const SPECS = { cavage: "draft-cavage-http-signatures-12", rfc9421: "rfc9421" };
export const specOf = (scheme) => {
  if (!(scheme in SPECS)) throw new BadCall(`unknown signature scheme: ${scheme}`);
  return SPECS[scheme];
};

const keys = new Map();

/** 2048 bits, as Mastodon makes them: Fedify's own 4096 take seconds. */
const rsaPair = () =>
  crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    },
    true,
    ["sign", "verify"],
  );

/** RSA for HTTP Signatures, Ed25519 for FEP-8b32 proofs, made once per run and actor. */
export function keyPairsOf(identifier) {
  if (!keys.has(identifier)) {
    keys.set(identifier, Promise.all([rsaPair(), generateCryptoKeyPair("Ed25519")]));
  }
  return keys.get(identifier);
}

const ACTORS = { Person, Group, Service, Application };

/** A local actor's document, as served and as sent in Update. */
export async function actorDocument(ctx, actor) {
  const { identifier, name, summary, accept, type, also_known_as, moved_to } = actor;
  const pairs = await ctx.getActorKeyPairs(identifier);
  return new ACTORS[type]({
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
    featured: ctx.getFeaturedUri(identifier),
    aliases: also_known_as.map((id) => new URL(id)),
    successor: moved_to && new URL(moved_to),
    endpoints: new Endpoints({ sharedInbox: ctx.getInboxUri() }),
    publicKey: pairs[0].cryptographicKey,
    assertionMethods: pairs.map((pair) => pair.multikey),
  });
}

function serveActors(federation, store) {
  federation
    .setActorDispatcher("/users/{identifier}", (ctx, identifier) => {
      const actor = store.actors.get(identifier);
      return actor ? actorDocument(ctx, actor) : null;
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
    .setFollowersDispatcher("/users/{identifier}/followers", (ctx, identifier, cursor, server) => {
      const people = store.acceptedFollowers(identifier).map((id) => store.people.get(id));
      // With `?base-url=` the part for one server (FEP-8fcf).
      const asked = people.filter(({ id }) => server == null || new URL(id).origin === server.origin);
      return everything(asked.map(recipientOf));
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
  const posts = (ids, ctx) =>
    Promise.all(ids.map((id) => AnyObject.fromJsonLd(store.posts.get(id).document, ctx)));
  federation.setFeaturedDispatcher("/users/{identifier}/featured", async (ctx, identifier) =>
    everything(await posts(store.actors.get(identifier)?.pins ?? [], ctx)),
  );
  federation
    .setCollectionDispatcher("replies", AnyObject, "/notes/{id}/replies", async (ctx, { id }) => {
      const root = ctx.getObjectUri(Note, { id }).href;
      const answers = [...store.posts.values()].filter(
        (post) => post.local && !post.deleted && post.in_reply_to === root && isPublic(post),
      );
      return everything(await posts(answers.map((post) => post.id), ctx));
    })
    .setFirstCursor(() => "0");
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

function servePosts(federation, store, Kind, path) {
  const found = (ctx, id) => {
    const post = store.posts.get(ctx.getObjectUri(Kind, { id }).href);
    return post?.local && !post.deleted ? post : null;
  };
  federation
    .setObjectDispatcher(Kind, path, (ctx, { id }) => {
      const post = found(ctx, id);
      return post && AnyObject.fromJsonLd(post.document, ctx);
    })
    .authorize((ctx, { id }) => {
      const post = found(ctx, id);
      return post ? mayRead(ctx, post) : true;
    });
}

/** What shows that a quote was agreed to; gone once it was taken back. */
function serveStamps(federation, store) {
  federation.setObjectDispatcher(QuoteAuthorization, "/stamps/{id}", (ctx, { id }) => {
    const document = store.stamps.get(ctx.getObjectUri(QuoteAuthorization, { id }).href);
    return document ? QuoteAuthorization.fromJsonLd(document, ctx) : null;
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
  servePosts(federation, store, Note, "/notes/{id}");
  servePosts(federation, store, Question, "/questions/{id}");
  serveStamps(federation, store);
  listen(federation, store);
  return federation;
}
