import { expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { head, respond } from "./testing/hostile-upstream.ts";
import { NAME, openUpstreams, testFormat } from "./testing/open-upstreams.ts";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";

const listing = (...versions: string[]) =>
  JSON.stringify({ versions: versions.map((version) => ({ version, assets: [] })) });

const versionsOf = (answer: { listing: { versions: readonly { version: string }[] } | undefined }) =>
  answer.listing?.versions.map(({ version }) => version);

test("a listing is asked for once while it is fresh, also after a restart, and parsed once", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", respond(200, { ETag: '"1"' }, listing("1.0.0")));
  const format = testFormat();
  const first = await open.upstreams.list("acme", format, NAME);
  expect(versionsOf(first)).toEqual(["1.0.0"]);
  expect(first.stale).toBe(false);
  expect(await open.upstreams.list("acme", format, NAME)).toEqual(first);
  expect(format.parsed).toBe(1);
  expect(await open.restarted().list("acme", format, NAME)).toEqual(first);
  expect(open.upstream.count("/left-pad")).toBe(1);
});

test("fifty who ask at once make one request", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", (socket, request) =>
    setTimeout(() => respond(200, {}, listing("1.0.0"))(socket, request), 50),
  );
  const format = testFormat();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => open.upstreams.list("acme", format, NAME)),
  );
  expect(new Set(answers.map(({ revision }) => revision)).size).toBe(1);
  expect(answers.every((answer) => versionsOf(answer)?.[0] === "1.0.0")).toBe(true);
  expect(open.upstream.count("/left-pad")).toBe(1);
});

test("fifty who ask for a document beside listings at once make one request", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/keys", respond(200, {}, "keys"));
  const source = open.upstreams.source("acme");
  await Promise.all(Array.from({ length: 50 }, () => source.document("keys")));
  expect(open.upstream.count("/keys")).toBe(1);
});

test("an old listing is revalidated with its ETag and date, and a 304 makes it fresh without parsing it again", async () => {
  await using open = await openUpstreams();
  const date = "Tue, 24 Nov 2026 07:00:00 GMT";
  open.upstream.on(
    "/left-pad",
    respond(200, { ETag: '"1"', "Last-Modified": date }, listing("1.0.0")),
    respond(304, { "Content-Length": undefined, ETag: '"1"' }),
  );
  const format = testFormat();
  const first = await open.upstreams.list("acme", format, NAME);
  open.clock.turn(301_000);
  const second = await open.upstreams.list("acme", format, NAME);
  expect(second.revision).toBe(first.revision);
  expect(second.freshUntil).toBe(first.freshUntil + 301_000);
  expect(open.upstream.requests[1]?.headers).toMatchObject({
    "if-none-match": '"1"',
    "if-modified-since": date,
  });
  await open.upstreams.list("acme", format, NAME);
  expect(open.upstream.count("/left-pad")).toBe(2);
  expect(format.parsed).toBe(1);
});

test("a check tells the revision without parsing, and a new version of the upstream changes it", async () => {
  await using open = await openUpstreams();
  open.upstream.on(
    "/left-pad",
    respond(200, {}, listing("1.0.0")),
    respond(200, {}, listing("1.0.0", "1.1.0")),
  );
  const format = testFormat();
  const first = await open.upstreams.check("acme", format, NAME);
  expect(await open.upstreams.check("acme", format, NAME)).toMatchObject({ revision: first.revision });
  open.clock.turn(301_000);
  const second = await open.upstreams.check("acme", format, NAME);
  expect(second.revision).not.toBe(first.revision);
  expect(versionsOf(await open.upstreams.list("acme", format, NAME))).toEqual(["1.0.0", "1.1.0"]);
});

test("a package that is not there is remembered as such for a minute, and then found", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", respond(404, {}, "no"), respond(200, {}, listing("1.0.0")));
  const format = testFormat();
  expect((await open.upstreams.list("acme", format, NAME)).listing).toBeUndefined();
  open.clock.turn(59_000);
  expect((await open.upstreams.list("acme", format, NAME)).listing).toBeUndefined();
  expect(open.upstream.count("/left-pad")).toBe(1);
  open.clock.turn(2000);
  expect(versionsOf(await open.upstreams.list("acme", format, NAME))).toEqual(["1.0.0"]);
});

test("when the upstream is down, what it said before is used, marked stale, and the log says so once", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", respond(200, {}, listing("1.0.0")));
  const format = testFormat();
  const first = await open.upstreams.list("acme", format, NAME);
  open.upstream.down = true;
  open.clock.turn(301_000);
  for (const upstreams of [open.upstreams, open.restarted()]) {
    const answer = await upstreams.list("acme", format, NAME);
    expect(answer).toMatchObject({ stale: true, revision: first.revision });
    expect(versionsOf(answer)).toEqual(["1.0.0"]);
  }
  open.clock.turn(60_000);
  await open.upstreams.list("acme", format, NAME);
  expect(open.warnings.filter((line) => line.includes("an upstream fails"))).toHaveLength(2);
  open.upstream.down = false;
  open.clock.turn(60_000);
  expect(await open.upstreams.list("acme", format, NAME)).toMatchObject({ stale: false });
});

test("when the upstream is down and nothing is known it is unavailable, and the next request asks again", async () => {
  await using open = await openUpstreams();
  open.upstream.down = true;
  const format = testFormat();
  await expect(open.upstreams.list("acme", format, NAME)).rejects.toThrow(UpstreamUnavailable);
  open.upstream.down = false;
  open.upstream.on("/left-pad", respond(200, {}, listing("1.0.0")));
  expect(versionsOf(await open.upstreams.list("acme", format, NAME))).toEqual(["1.0.0"]);
});

test("what was withdrawn stays withdrawn when the upstream is down later", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", respond(200, {}, listing("1.0.0")), respond(404));
  const format = testFormat();
  await open.upstreams.list("acme", format, NAME);
  open.clock.turn(301_000);
  expect((await open.upstreams.list("acme", format, NAME)).listing).toBeUndefined();
  open.upstream.down = true;
  open.clock.turn(301_000);
  expect(await open.restarted().list("acme", format, NAME)).toMatchObject({
    listing: undefined,
    stale: true,
  });
});

const ENCODINGS = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  identity: (bytes: Buffer) => bytes,
};

test.each(Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[])(
  "a document in %s is unpacked",
  async (encoding) => {
    await using open = await openUpstreams();
    const body = ENCODINGS[encoding](Buffer.from(listing("1.0.0")));
    open.upstream.on("/left-pad", respond(200, { "Content-Encoding": encoding }, body));
    expect(versionsOf(await open.upstreams.list("acme", testFormat(), NAME))).toEqual(["1.0.0"]);
  },
);

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 });

test.each([
  ["a gzip bomb", respond(200, { "Content-Encoding": "gzip" }, bomb), UpstreamRefused],
  ["damaged gzip", respond(200, { "Content-Encoding": "gzip" }, "no gzip"), UpstreamRefused],
  ["an unknown encoding", respond(200, { "Content-Encoding": "rot13" }, listing("1.0.0")), UpstreamRefused],
  ["an announcement of 10 GB", respond(200, { "Content-Length": "10000000000" }), UpstreamRefused],
  ["a page that is no listing", respond(200, {}, "<html>log in first</html>"), UpstreamRefused],
  [
    "a head without end",
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(2_000_000)}`),
    UpstreamUnavailable,
  ],
  ["no HTTP at all", (socket) => socket.write("SSH-2.0-OpenSSH_9.6\r\n"), UpstreamUnavailable],
  [
    "two contradicting lengths",
    respond(200, { "Content-Length": "1", "content-length": "2" }),
    UpstreamUnavailable,
  ],
  ["silence", () => {}, UpstreamUnavailable],
  [
    "a slow drip",
    (socket) => {
      socket.write(head(200, { "Content-Length": "1000" }));
      const timer = setInterval(() => socket.write("x"), 50);
      socket.on("close", () => clearInterval(timer));
    },
    UpstreamUnavailable,
  ],
  [
    "an endless body",
    (socket) => {
      socket.write(head(200, { "Transfer-Encoding": "chunked" }));
      const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
      const more = () => {
        while (!socket.destroyed && socket.write(chunk));
        socket.once("drain", more);
      };
      more();
    },
    UpstreamRefused,
  ],
] satisfies [
  string,
  import("./testing/hostile-upstream.ts").Answer,
  typeof UpstreamRefused | typeof UpstreamUnavailable,
][])(
  "%s is refused in bounded time, nothing of it is kept, and the next request works",
  async (_what, answer, error) => {
    await using open = await openUpstreams({ timeoutSeconds: 1 });
    open.upstream.on("/left-pad", answer);
    await expect(open.upstreams.list("acme", testFormat(), NAME)).rejects.toThrow(error);
    open.upstream.on("/left-pad", respond(200, {}, listing("1.0.0")));
    expect(versionsOf(await open.upstreams.list("acme", testFormat(), NAME))).toEqual(["1.0.0"]);
  },
  30_000,
);

test("a page that is no listing does not take the place of what is known", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/left-pad", respond(200, {}, listing("1.0.0")), respond(200, {}, "<html></html>"));
  const format = testFormat();
  await open.upstreams.list("acme", format, NAME);
  open.clock.turn(301_000);
  const answer = await open.upstreams.list("acme", format, NAME);
  expect(answer.stale).toBe(true);
  expect(versionsOf(answer)).toEqual(["1.0.0"]);
});

test("parts of a file are asked for by range, and another part than asked for is refused", async () => {
  await using open = await openUpstreams();
  const source = open.upstreams.source("acme");
  open.upstream.on("/file.whl", respond(206, { "Content-Range": "bytes 6-9/10" }, "tail"));
  const part = await source.part?.("file.whl", { last: 4 });
  expect(part).toMatchObject({ start: 6, size: 10 });
  expect(Buffer.from(part?.bytes ?? []).toString()).toBe("tail");
  expect(open.upstream.requests[0]?.headers).toMatchObject({ range: "bytes=-4" });
  await expect(source.part?.("file.whl", { start: 0, end: 3 })).rejects.toThrow(UpstreamRefused);
  open.upstream.on("/file.whl", respond(200, {}, "the whole of it"));
  expect(await source.part?.("file.whl", { start: 0, end: 3 })).toBeUndefined();
});
