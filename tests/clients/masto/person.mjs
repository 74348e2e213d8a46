// One person with masto: reads a call from each line of stdin, answers each with a line.
//
// {"as": "rest" | "oauth", "path": ["v1", "statuses", "$115", "favourite"], "args": […]}
//     calls it: `$115` stands for `$select("115")`; {"$file": "/a/path"} among the arguments is
//     that file. Whatever is awaited comes back; of a paginator, its first page.
// {"pages": 3, "path": …, "args": …}      up to three pages of a paginator
// {"token": "…"}                           whose calls they are from now on
// {"subscribe": ["user"], "args": […]}     opens a stream over a WebSocket
// {"next": "update"}                       the next event of this name; others are passed over

import { openAsBlob } from "node:fs";
import { createInterface } from "node:readline";
import { createOAuthAPIClient, createRestAPIClient, createStreamingAPIClient } from "masto";

const url = process.argv[2];
const WAITS_MS = 40_000;
let rest = createRestAPIClient({ url });
let accessToken;
let streaming;
const events = [];
let wake = () => {};

const found = (start, path) =>
  path.reduce(
    (at, step) => (step.startsWith("$") ? at.$select(step.slice(1)) : at[step]),
    start,
  );

async function filled(value) {
  if (Array.isArray(value)) return Promise.all(value.map(filled));
  if (value === null || typeof value !== "object") return value;
  if ("$file" in value) return openAsBlob(value.$file);
  const pairs = Object.entries(value).map(async ([name, one]) => [name, await filled(one)]);
  return Object.fromEntries(await Promise.all(pairs));
}

async function call({ as = "rest", path, args = [] }) {
  const start = as === "oauth" ? createOAuthAPIClient({ url }) : rest;
  return found(start, path)(...(await filled(args)));
}

async function pages({ pages, path, args = [] }) {
  const seen = [];
  for await (const page of found(rest, path)(...args)) {
    seen.push(page);
    if (seen.length === pages) break;
  }
  return seen;
}

async function subscribe({ subscribe, args = [] }) {
  if (!streaming) {
    const { configuration } = await rest.v2.instance.fetch();
    const streamingApiUrl = configuration.urls.streaming;
    streaming = createStreamingAPIClient({ streamingApiUrl, accessToken });
    await streaming.prepare();
  }
  const subscription = found(streaming, subscribe).subscribe(...args);
  (async () => {
    for await (const event of subscription) {
      events.push({ stream: event.stream, event: event.event, payload: event.payload });
      wake();
    }
  })().catch((error) => events.push({ event: "broken", payload: String(error) }));
  return true;
}

async function next({ next }) {
  const end = Date.now() + WAITS_MS;
  for (;;) {
    while (events.length > 0) {
      const event = events.shift();
      if (event.event === next) return event;
    }
    const left = end - Date.now();
    if (left <= 0) throw new Error(`no ${next} came`);
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, left);
    });
  }
}

async function answer(asked) {
  if (asked.token) {
    accessToken = asked.token;
    rest = createRestAPIClient({ url, accessToken });
    return true;
  }
  if (asked.subscribe) return subscribe(asked);
  if (asked.next) return next(asked);
  if (asked.pages) return pages(asked);
  return call(asked);
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { result: (await answer(JSON.parse(line))) ?? null };
  } catch (error) {
    said = { error: String(error.message ?? error), status: error.statusCode ?? null };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0);
