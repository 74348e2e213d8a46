// What local actors do. Each action changes the store first and then delivers, like a person's app would.
import { randomUUID } from "node:crypto";
import { signRequest } from "@fedify/fedify/sig";
import {
  Accept, Announce, Article, Audio, Create, Delete, Document, Event, Follow, Hashtag, Image, Like,
  Mention, Note, Page, Question, Reject, Tombstone, Undo, Update, Video,
} from "@fedify/vocab";
import { LanguageString } from "@fedify/vocab-runtime";
import { Temporal } from "@js-temporal/polyfill";
import { describePost, recipientOf } from "./describe.mjs";
import { actorDocument, checkProof, specOf } from "./federation.mjs";
import { schemeOf } from "./loopback.mjs";
import { choicesOf } from "./polls.mjs";
import { quoteAnswers, quotingOf } from "./quotes.mjs";
import { keepPost, personOf } from "./receive.mjs";
import { add, BadCall, drop, pair, PUBLIC } from "./store.mjs";

/** What a post may be; all lie under /notes but the Question, which has a page of its own. */
const KINDS = { Article, Audio, Document, Event, Image, Note, Page, Question, Video };

const urls = (ids) => ids.map((id) => new URL(id));
const unique = (items) => [...new Set(items)];

export class Actions {
  constructor({ federation, origin, knock, store }) {
    Object.assign(this, { federation, origin, knock, store });
  }

  get context() {
    const data = { store: this.store, actions: this, request: null };
    return this.federation.createContext(new URL(this.origin), data);
  }

  /** A reading context whose fetches are signed by this actor. */
  async reader(identifier) {
    const ctx = this.context;
    const documentLoader = await ctx.getDocumentLoader({ identifier });
    const { contextLoader, data } = ctx;
    const lookupObject = (id) => ctx.lookupObject(id, { documentLoader });
    const traverseCollection = (found) => ctx.traverseCollection(found, { documentLoader });
    return { data, contextLoader, documentLoader, lookupObject, traverseCollection };
  }

  local(identifier) {
    const actor = this.store.actors.get(identifier);
    if (actor == null) throw new BadCall(`no local actor ${identifier}`);
    return actor;
  }

  async person(identifier, id) {
    return personOf(await this.reader(identifier), id);
  }

  /** Any post, ours or theirs, fetched (signed) if not known yet. */
  async post(identifier, id) {
    const known = this.store.posts.get(id);
    if (known != null) return known;
    const reader = await this.reader(identifier);
    const object = await reader.lookupObject(id);
    if (object?.attributionId == null) throw new BadCall(`${identifier} cannot read a post at ${id}`);
    return keepPost(reader, object);
  }

  ownPost(id) {
    const post = this.store.posts.get(id);
    if (!post?.local || post.deleted) throw new BadCall(`no local post ${id}`);
    return post;
  }

  activityId = () => new URL(`/activities/${randomUUID()}`, this.origin);
  actorUri = (identifier) => this.context.getActorUri(identifier);
  followersUri = (identifier) => this.context.getFollowersUri(identifier);
  isOurs = (id) => id.startsWith(`${this.origin}/`);

  /** Sends to people by their ids; a local one reads the same store and needs no delivery. */
  async send(identifier, people, activity, { shared = true, sync = false } = {}) {
    const remote = unique(people).filter((id) => !this.isOurs(id));
    const document = await activity.toJsonLd(this.context);
    const href = (items) => items.map((url) => url.href);
    this.store.sent.set(activity.id.href, {
      actor: activity.actorId.href, to: href(activity.toIds), cc: href(activity.ccIds), document,
    });
    if (sync) {
      // Fedify sends to each server of the followers, with its digest (FEP-8fcf).
      const options = { preferSharedInbox: true, syncCollection: true };
      await this.context.sendActivity({ identifier }, "followers", activity, options);
      return { activity: activity.id.href, document };
    }
    const known = await Promise.all(remote.map((id) => this.person(identifier, id)));
    await this.context.sendActivity({ identifier }, known.map(recipientOf), activity, {
      preferSharedInbox: shared,
    });
    return { activity: activity.id.href, document };
  }

  // --- following -----------------------------------------------------------------------------------

  async follow({ as, target }) {
    this.local(as);
    const id = this.activityId();
    this.store.following.set(pair(as, target), { as, target, state: "requested", id: id.href });
    const activity = new Follow({
      id, actor: this.actorUri(as), object: new URL(target), tos: [new URL(target)],
    });
    return this.send(as, [target], activity, { shared: false });
  }

  async unfollow({ as, target }) {
    const follow = this.store.following.get(pair(as, target));
    if (follow == null) throw new BadCall(`${as} does not follow ${target}`);
    this.store.following.delete(pair(as, target));
    const actor = this.actorUri(as);
    const object = new Follow({ id: new URL(follow.id), actor, object: new URL(target) });
    const activity = new Undo({ id: this.activityId(), actor, object, tos: [new URL(target)] });
    return this.send(as, [target], activity, { shared: false });
  }

  /** Accepts or rejects a follow request, or with "reject" removes a follower. */
  async decide({ as, actor }, Answer, state) {
    const follow = this.store.followers.get(pair(as, actor));
    if (follow == null) throw new BadCall(`${actor} did not ask to follow ${as}`);
    follow.state = state;
    const us = this.actorUri(as);
    const id = follow.id && new URL(follow.id);
    const object = new Follow({ id, actor: new URL(actor), object: us });
    const activity = new Answer({ id: this.activityId(), actor: us, object, tos: [new URL(actor)] });
    return this.send(as, [actor], activity, { shared: false });
  }

  accept = (call) => this.decide(call, Accept, "accepted");
  reject = (call) => this.decide(call, Reject, "rejected");

  /** The automatic Accept, sent beside the answer to the request as a server with a queue would. */
  answerFollow(as, actor) {
    setImmediate(() =>
      this.accept({ as, actor }).catch((error) => this.store.fail(`accepting ${actor}`, error)),
    );
  }

  async setAccept({ as, accept }) {
    if (!["auto", "manual"].includes(accept)) throw new BadCall(`accept is auto or manual`);
    this.local(as).accept = accept;
    return this.local(as);
  }

  // --- posting -------------------------------------------------------------------------------------

  /** to/cc from "public" | "unlisted" | "followers" | "direct", or a list of ids as it is. */
  address(as, { to = "public", cc = [], mention = [] }) {
    if (Array.isArray(to)) return { to: [...to], cc: unique([...cc, ...mention]) };
    const followers = this.followersUri(as).href;
    const kinds = {
      public: { to: [PUBLIC], cc: [followers, ...mention] },
      unlisted: { to: [followers], cc: [PUBLIC, ...mention] },
      followers: { to: [followers], cc: [...mention] },
      direct: { to: [...mention], cc: [] },
    };
    if (!(to in kinds)) throw new BadCall(`unknown audience ${to}`);
    return { to: kinds[to].to, cc: unique([...kinds[to].cc, ...cc]) };
  }

  /** The people behind to/cc: followers one by one, everybody else who is an actor. */
  async readers(as, { to, cc, in_reply_to }) {
    const followers = this.followersUri(as).href;
    const named = [...to, ...cc].filter((id) => id !== PUBLIC && id !== followers);
    const actors = await Promise.all(
      named.map((id) => this.person(as, id).then((person) => person.id, () => null)),
    );
    const list = actors.filter((id) => id != null);
    if ([...to, ...cc].includes(followers)) list.push(...this.store.acceptedFollowers(as));
    if (to.includes(PUBLIC) && in_reply_to) list.push((await this.post(as, in_reply_to)).author);
    return list;
  }

  async mentionTag(as, id) {
    const { handle } = this.isOurs(id) ? { handle: id.split("/").pop() } : await this.person(as, id);
    return new Mention({ href: new URL(id), name: `@${handle}@${new URL(id).host}` });
  }

  /** A Note, or a Question if there is something to choose. */
  async note(as, id, call, { to, cc }, times) {
    const words = (text) => (call.language ? new LanguageString(text, call.language) : text);
    const hashtag = (name) =>
      new Hashtag({ name: `#${name}`, href: new URL(`/tags/${name}`, this.origin) });
    const media = ({ url, media_type, name, width, height }) =>
      new Document({ url: new URL(url), mediaType: media_type, name, width, height });
    const mentions = (call.mention ?? []).map((person) => this.mentionTag(as, person));
    const Kind = KINDS[call.options ? "Question" : (call.kind ?? "Note")];
    if (Kind == null) throw new BadCall(`unknown kind of post: ${call.kind}`);
    return new Kind({
      id: new URL(id),
      attribution: this.actorUri(as),
      content: words(call.content),
      summary: call.summary && words(call.summary),
      name: call.name,
      url: new URL(id),
      tos: urls(to),
      ccs: urls(cc),
      audience: call.audience && new URL(call.audience),
      replyTarget: call.in_reply_to && new URL(call.in_reply_to),
      tags: [...(await Promise.all(mentions)), ...(call.tags ?? []).map(hashtag)],
      attachments: (call.attachments ?? []).map(media),
      replies: call.replies ? new URL(`${id}/replies`) : null,
      ...choicesOf(call, this.store.posts.get(id)),
      ...quotingOf(call),
      ...times,
    });
  }

  /** Keeps an own post with its wire document and with the call that made it, for edits. */
  async keepOwn(as, note, call) {
    const author = { id: this.actorUri(as).href, followers: this.followersUri(as).href };
    const ctx = this.context;
    const document = await note.toJsonLd(ctx);
    return this.store.putPost({
      ...(await describePost(note, author, ctx)), local: true, as, call, document,
    });
  }

  async write({ as, ...call }) {
    this.local(as);
    const Kind = call.options ? Question : Note;
    const id = this.context.getObjectUri(Kind, { id: randomUUID() }).href;
    const address = this.address(as, call);
    const note = await this.note(as, id, call, address, { published: Temporal.Now.instant() });
    const post = await this.keepOwn(as, note, call);
    const activity = new Create({
      id: this.activityId(), actor: this.actorUri(as), object: note,
      tos: note.toIds, ccs: note.ccIds, audience: note.audienceId, published: note.published,
    });
    const shared = call.shared_inbox ?? call.to !== "direct";
    const people = call.deliver === false ? [] : await this.readers(as, post);
    const sent = await this.send(as, people, activity, { shared, sync: call.sync });
    return { id, ...sent };
  }

  edit({ id, ...changes }) {
    return this.sendChanged(id, changes, Temporal.Now.instant());
  }

  /** Update of an own post; one that only counted anew has no new `updated`. */
  async sendChanged(id, changes, updated) {
    const old = this.ownPost(id);
    const call = { ...old.call, ...changes };
    const before = old.updated && Temporal.Instant.from(old.updated);
    const times = { published: Temporal.Instant.from(old.published), updated: updated ?? before };
    const note = await this.note(old.as, id, call, old, times);
    const post = await this.keepOwn(old.as, note, call);
    const activity = new Update({
      id: this.activityId(), actor: this.actorUri(old.as), object: note,
      tos: note.toIds, ccs: note.ccIds, updated: note.updated,
    });
    const people = call.deliver === false ? [] : await this.readers(old.as, post);
    return { id, ...(await this.send(old.as, people, activity)) };
  }

  async delete({ id }) {
    const post = this.ownPost(id);
    const people = await this.readers(post.as, post);
    this.store.erasePost(id);
    const activity = new Delete({
      id: this.activityId(), actor: this.actorUri(post.as),
      object: new Tombstone({ id: new URL(id) }), tos: urls(post.to), ccs: urls(post.cc),
    });
    return { id, ...(await this.send(post.as, people, activity)) };
  }

  // --- reacting ------------------------------------------------------------------------------------

  async like({ as, object }) {
    const { author } = await this.post(as, object);
    const activity = new Like({
      id: this.activityId(), actor: this.actorUri(as), object: new URL(object), tos: urls([author]),
    });
    return this.react(as, object, activity, [author], "likes");
  }

  async announce({ as, object }) {
    const { author } = await this.post(as, object);
    const followers = this.followersUri(as);
    const activity = new Announce({
      id: this.activityId(), actor: this.actorUri(as), object: new URL(object),
      tos: [new URL(PUBLIC)], ccs: [followers, new URL(author)], published: Temporal.Now.instant(),
    });
    const people = [author, ...this.store.acceptedFollowers(as)];
    return this.react(as, object, activity, people, "shares");
  }

  async react(as, object, activity, people, list) {
    const actor = this.actorUri(as).href;
    add(this.store.posts.get(object)[list], actor);
    this.store.reactions.set(activity.id.href, { actor, object, list, activity, people, as });
    return this.send(as, people, activity);
  }

  async undo({ as, object }, list) {
    const actor = this.actorUri(as).href;
    const found = [...this.store.reactions].reverse().find(
      ([, known]) =>
        known.as === as && known.object === object && known.list === list && known.activity != null,
    );
    if (found == null) throw new BadCall(`${as} has nothing in ${list} of ${object}`);
    const [id, { activity: done, people }] = found;
    this.store.reactions.delete(id);
    const post = this.store.posts.get(object);
    if (post != null) drop(post[list], actor);
    const activity = new Undo({
      id: this.activityId(), actor: new URL(actor), object: done, tos: done.toIds, ccs: done.ccIds,
    });
    return this.send(as, people, activity);
  }

  // --- the actor itself, and raw requests ----------------------------------------------------------

  async updateActor({ as, name, summary }) {
    const actor = this.local(as);
    Object.assign(actor, { name: name ?? actor.name, summary: summary ?? actor.summary });
    const activity = new Update({
      id: this.activityId(), actor: this.actorUri(as), tos: [new URL(PUBLIC)],
      ccs: [this.followersUri(as)], object: await actorDocument(this.context, actor),
    });
    return this.send(as, this.store.acceptedFollowers(as), activity);
  }

  /** One request as it is: signed once by `as` (unsigned without), no second knock, no redirect. */
  async request(request, { as, scheme = this.knock }) {
    let signed = request;
    if (as != null) {
      this.local(as);
      const [rsa] = await this.context.getActorKeyPairs(as);
      signed = await signRequest(request, rsa.privateKey, rsa.keyId, { spec: specOf(scheme) });
    }
    const response = await fetch(signed, { redirect: "manual" });
    const body = await response.text();
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, body, json: parsed(body), scheme: schemeOf(signed.headers) };
  }

  fetch({ url, headers, ...options }) {
    const accept = "application/activity+json";
    return this.request(new Request(url, { headers: { accept, ...headers } }), options);
  }

  deliver({ inbox, document, headers: more, ...options }) {
    const headers = { "content-type": "application/activity+json", ...more };
    const body = typeof document === "string" ? document : JSON.stringify(document);
    return this.request(new Request(inbox, { method: "POST", headers, body }), options);
  }

  /** A second opinion on any document's FEP-8b32 proofs, keys fetched as `as`. */
  async verify({ as, document }) {
    this.local(as);
    return { proof: await checkProof(await this.reader(as), document) };
  }
}

Object.assign(Actions.prototype, quoteAnswers);

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
