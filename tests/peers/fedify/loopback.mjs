// This world lives on one machine: names below .localhost are this machine, and nothing else exists.
import { AsyncLocalStorage } from "node:async_hooks";
import dns from "node:dns";

/** Collects the outgoing requests of one control call: `deliveries.run([], fn)`. */
export const deliveries = new AsyncLocalStorage();

const isHere = (hostname) =>
  hostname === "127.0.0.1" || hostname === "localhost" || hostname.endsWith(".localhost");

/** Node's resolver knows no names below .localhost (RFC 6761 §6.3); net.connect asks dns.lookup. */
export function resolveLocalhostNames() {
  const lookup = dns.lookup;
  dns.lookup = (hostname, options, callback) => {
    if (typeof options === "function") return dns.lookup(hostname, {}, options);
    if (!isHere(hostname)) return lookup(hostname, options, callback);
    const answer = options?.all
      ? [[{ address: "127.0.0.1", family: 4 }]]
      : ["127.0.0.1", 4];
    process.nextTick(() => callback(null, ...answer));
  };
}

/** Which signature a request carries, by its headers alone: rfc9421, cavage or none. */
export function schemeOf(headers) {
  if (headers.has("signature-input")) return "rfc9421";
  const old = headers.has("signature") || /^signature\s/i.test(headers.get("authorization") ?? "");
  return old ? "cavage" : "none";
}

/** Wraps fetch: every outgoing request is recorded, and one that would leave the machine refused. */
export function recordOutgoing(record) {
  const send = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    // Not `new Request(input)`: that would use up the body.
    const url = input instanceof Request ? input.url : String(input);
    const entry = {
      method: init?.method ?? input.method ?? "GET",
      url,
      scheme: schemeOf(new Headers(init?.headers ?? input.headers)),
      status: null,
      error: null,
    };
    record(entry);
    deliveries.getStore()?.push(entry);
    try {
      if (!isHere(new URL(url).hostname)) throw new TypeError("outside this machine");
      const response = await send(input, init);
      entry.status = response.status;
      return response;
    } catch (error) {
      entry.error = String(error.cause ?? error);
      throw error;
    }
  };
}
