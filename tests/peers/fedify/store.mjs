// What the peer remembers and would show. Plain JSON in snake_case: the control routes hand it out.

export const PUBLIC = "https://www.w3.org/ns/activitystreams#Public";

/** A control call that asks for what cannot be: answered with 400. */
export class BadCall extends Error {}

export class Store {
  #seq = 0;
  /** Local actors by handle, see `addActor`. */
  actors = new Map();
  /** Posts by id, ours (`local: true`) and received ones, deleted ones included. */
  posts = new Map();
  /** Activities that local actors sent, by id, as JSON. */
  sent = new Map();
  /** Remote actors by id, as last seen. */
  people = new Map();
  /** `handle target` → { as, target, state: requested|accepted|rejected, id }. */
  following = new Map();
  /** `handle actor` → { as, actor, state: pending|accepted|rejected, id }. */
  followers = new Map();
  /** Likes and Announces received, by activity id, so that an Undo by id finds them. */
  reactions = new Map();
  /** QuoteAuthorizations that local authors gave, by id, as JSON. */
  stamps = new Map();
  /** `actor target` of Blocks, sent and received; reports that came. */
  blocks = new Set();
  flags = [];
  /** Local actors that are gone. */
  gone = new Set();
  /** Logs, each entry with a growing `seq`: activities, requests to us, requests by us, failures. */
  received = [];
  requests = [];
  outgoing = [];
  errors = [];

  addActor(identifier, type = "Person") {
    this.actors.set(identifier, {
      identifier, type, name: identifier, summary: "", accept: "auto",
      also_known_as: [], moved_to: null, pins: [],
    });
    return this.actors.get(identifier);
  }

  append(log, entry) {
    entry.seq = ++this.#seq;
    entry.at = new Date().toISOString();
    log.push(entry);
    return entry;
  }

  fail(where, error) {
    this.append(this.errors, { where, error: String(error?.stack ?? error) });
    console.error(`${where}: ${error?.stack ?? error}`);
  }

  putPost(post) {
    const known = this.posts.get(post.id);
    this.posts.set(post.id, {
      deleted: false,
      likes: known?.likes ?? [],
      shares: known?.shares ?? [],
      reactions: known?.reactions ?? [],
      ballots: known?.ballots ?? {},
      quote_state: known?.quote_state ?? null,
      local: false,
      via: known?.via ?? null,
      ...post,
    });
    return this.posts.get(post.id);
  }

  /** Deletes as Mastodon does: the id stays, so that a repeated Create cannot bring the text back. */
  erasePost(id) {
    const { type, author, local, to, cc } = this.posts.get(id);
    this.putPost({
      id, type, author, local, to, cc,
      audience: null, content: null, summary: null, name: null, language: null, in_reply_to: null,
      visibility: null, mentions: [], hashtags: [], attachments: [], options: [], quote: null, quote_authorization: null,
      replies: null, context: null, published: null, updated: null, likes: [], shares: [],
      reactions: [], ballots: {}, quote_state: null, deleted: true,
    });
  }

  acceptedFollowers(identifier) {
    return [...this.followers.values()]
      .filter((follow) => follow.as === identifier && follow.state === "accepted")
      .map((follow) => follow.actor);
  }

  acceptedFollowing(identifier) {
    return [...this.following.values()]
      .filter((follow) => follow.as === identifier && follow.state === "accepted")
      .map((follow) => follow.target);
  }
}

export const pair = (identifier, actor) => `${identifier} ${actor}`;

export function add(list, item) {
  if (!list.includes(item)) list.push(item);
}

export function drop(list, item) {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/** Mastodon's derivation (app/lib/activitypub/parser/status_parser.rb#visibility). */
export function visibilityOf(to, cc, followers) {
  if (to.includes(PUBLIC)) return "public";
  if (cc.includes(PUBLIC)) return "unlisted";
  return followers != null && [...to, ...cc].includes(followers) ? "followers" : "direct";
}
