// A foreign ActivityPub server for tests, built on Fedify. See README.md.
//
//   node peer.mjs --knock cavage|rfc9421 [--port P] [--control-port P] [--host NAME.localhost]
//                 [--actors fern,moss,reed]
//
// When both ports listen it prints one JSON line {origin, control}; it ends when its stdin does, so
// that no peer outlives the test run that started it.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { verifyRequestDetailed } from "@fedify/fedify/sig";
import { configure, getStreamSink } from "@logtape/logtape";
import { Actions } from "./actions.mjs";
import { controlHandler } from "./control.mjs";
import { buildFederation, isPublic } from "./federation.mjs";
import { recordOutgoing, resolveLocalhostNames, schemeOf } from "./loopback.mjs";
import { Store } from "./store.mjs";

const { values: options } = parseArgs({
  options: {
    knock: { type: "string", default: "rfc9421" },
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" },
    host: { type: "string", default: "fedify.localhost" },
    actors: { type: "string", default: "fern,moss,reed" },
  },
});

async function logToStderr() {
  const stderr = new WritableStream({ write: (chunk) => void process.stderr.write(chunk) });
  const to = { sinks: ["stderr"] };
  await configure({
    sinks: { stderr: getStreamSink(stderr) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning", ...to },
      { category: "fedify", lowestLevel: "info", ...to },
      { category: ["fedify", "sig"], lowestLevel: "debug", ...to, parentSinks: "override" },
    ],
  });
}

async function bytesOf(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Node's request as a web Request at the public origin, whatever address the socket has. */
function webRequest(req, body, origin) {
  const headers = new Headers();
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    headers.append(req.rawHeaders[i], req.rawHeaders[i + 1]);
  }
  const { method } = req;
  return new Request(new URL(req.url, origin), { method, headers, body: body.length ? body : undefined });
}

/** Keys fetched to check signatures for the record; Fedify keeps its own for its decisions. */
function keyCache() {
  const keys = new Map();
  return {
    get: async (id) => keys.get(id.href),
    set: async (id, key) => void keys.set(id.href, key),
  };
}

class Peer {
  #keys = keyCache();

  constructor(origin) {
    this.origin = origin;
    this.store = new Store();
    for (const identifier of options.actors.split(",")) this.store.addActor(identifier);
    this.federation = buildFederation({ origin, knock: options.knock, store: this.store });
    this.actions = new Actions({ ...this, knock: options.knock });
    recordOutgoing((entry) => this.store.append(this.store.outgoing, entry));
  }

  /** Judges the HTTP signature by itself: Fedify would also take a proof in its place. */
  async checkSignature(request) {
    const scheme = schemeOf(request.headers);
    if (scheme === "none") return { scheme, http_signature: "none", key_id: null };
    const { documentLoader, contextLoader } = this.actions.context;
    const loaders = { documentLoader, contextLoader, keyCache: this.#keys };
    const result = await verifyRequestDetailed(request, loaders);
    const key_id = (result.verified ? result.key.id : result.reason.keyId)?.href ?? null;
    return { scheme, http_signature: result.verified ? "verified" : "invalid", key_id };
  }

  async record(req, body) {
    const request = webRequest(req, body, this.origin);
    const { pathname, search } = new URL(request.url);
    const checked = await this.checkSignature(request);
    return this.store.append(this.store.requests, {
      method: req.method,
      path: pathname + search,
      accept: request.headers.get("accept"),
      synchronization: request.headers.get("collection-synchronization"),
      user_agent: request.headers.get("user-agent"),
      ...checked,
      status: null,
    });
  }

  /** Deleted posts and actors answer 410 with their Tombstone, public activities by their id; the rest is Fedify's. */
  early(request) {
    const url = new URL(request.url).href;
    const context = "https://www.w3.org/ns/activitystreams";
    const gone = { "@context": context, id: url, type: "Tombstone" };
    const sent = this.store.sent.get(url);
    if (this.store.posts.get(url)?.deleted || this.store.gone.has(url)) return json(gone, 410);
    return sent != null && isPublic(sent) ? json(sent.document, 200) : null;
  }

  async serve(req, res) {
    const body = await bytesOf(req);
    const entry = await this.record(req, body);
    const request = webRequest(req, body, this.origin);
    const contextData = { ...this.actions.context.data, request: { ...entry, document: parsed(body) } };
    const response =
      this.early(request) ??
      (await this.federation.fetch(request, { contextData, onNotFound: () => json({}, 404) }));
    entry.status = response.status;
    res.writeHead(response.status, Object.fromEntries(response.headers));
    res.end(Buffer.from(await response.arrayBuffer()));
  }

  handler = (req, res) =>
    this.serve(req, res).catch((error) => {
      this.store.fail(`${req.method} ${req.url}`, error);
      res.writeHead(500).end();
    });
}

function json(value, status) {
  return Response.json(value, { status, headers: { "content-type": "application/activity+json" } });
}

function parsed(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

const listen = (server, port) =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), "127.0.0.1", () => resolve(server.address().port));
  });

resolveLocalhostNames();
await logToStderr();
const front = createServer();
const origin = `http://${options.host}:${await listen(front, options.port)}`;
const peer = new Peer(origin);
front.on("request", peer.handler);
const control = createServer(controlHandler(peer));
const address = `http://127.0.0.1:${await listen(control, options["control-port"])}`;
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ origin, control: address })}\n`);
