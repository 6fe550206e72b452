import { expect, test } from "bun:test";
import { buffer } from "node:stream/consumers";
import { PackageInvalid } from "../format.ts";
import { type Answer, head, respond } from "./testing/hostile-upstream.ts";
import {
  hashesOf,
  keeping,
  type OpenUpstreams,
  openUpstreams,
  testFormat,
  text,
  wanted,
} from "./testing/open-upstreams.ts";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";

const CONTENT = "the bytes of a package";

async function blobCount({ metadata }: OpenUpstreams): Promise<number> {
  const { count } = await metadata.reader
    .selectFrom("blobs")
    .select((each) => each.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}

test("a file comes through to whoever asks first, is checked by every hash, and kept", async () => {
  await using open = await openUpstreams();
  const { commit, kept } = keeping(open.blobs);
  open.upstream.on("/file.tgz", respond(200, {}, CONTENT));
  const integrity = hashesOf(CONTENT);
  const fetched = await open.upstreams.fetchAsset(wanted(open.upstream, { integrity }), commit);
  expect(fetched?.size).toBe(CONTENT.length);
  expect(await text(fetched?.stream())).toBe(CONTENT);
  await fetched?.stored;
  expect(kept).toEqual([integrity.sha256]);
  expect(open.upstream.requests[0]?.headers["accept-encoding"]).toBe("identity");
});

test("fifty who ask at once make one request and one commit, and all get the bytes", async () => {
  await using open = await openUpstreams();
  const { commit, kept } = keeping(open.blobs);
  const content = Buffer.alloc(3_000_000, "0123456789");
  open.upstream.on("/file.tgz", (socket, request) =>
    setTimeout(() => respond(200, {}, content)(socket, request), 30),
  );
  const ask = async () => {
    const fetched = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
    return (await text(fetched?.stream())).length;
  };
  const sizes = await Promise.all(Array.from({ length: 50 }, ask));
  expect(new Set(sizes)).toEqual(new Set([content.length]));
  // Who looked for the file before it was stored, and comes only now.
  expect(await ask()).toBe(content.length);
  expect(open.upstream.count("/file.tgz")).toBe(1);
  expect(new Set(kept).size).toBe(1);
});

test("who asks for another place at the same time has it kept there too, by the same request", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/file.tgz", respond(200, {}, CONTENT));
  const places: string[] = [];
  const ask = async (place: string) => {
    const fetched = await open.upstreams.fetchAsset(
      wanted(open.upstream, {}, { place }),
      async (tx, blob) => {
        await open.blobs.reference(tx, blob.id, place);
        places.push(place);
      },
    );
    await fetched?.stored;
  };
  await Promise.all([ask("one"), ask("two"), ask("one"), ask("two")]);
  expect(places.sort()).toEqual(["one", "two"]);
  expect(open.upstream.count("/file.tgz")).toBe(1);
});

const cut: Answer = (socket) => {
  socket.write(`${head(200, { "Content-Length": "1000000" })}${"x".repeat(500_000)}`);
  setTimeout(() => socket.destroy(), 20);
};

test.each([
  [
    "sha512",
    respond(200, {}, CONTENT),
    { integrity: { ...hashesOf(CONTENT), sha512: hashesOf("other").sha512 } },
  ],
  [
    "md5 beside a right sha256",
    respond(200, {}, CONTENT),
    { integrity: { ...hashesOf(CONTENT), md5: "00" } },
  ],
  ["size without a Content-Length", chunked(CONTENT), { size: 5 }],
  ["size, more than comes", chunked(CONTENT), { size: 500 }],
  ["connection, broken off in the middle", cut, {}],
] satisfies [string, Answer, object][])(
  "a wrong %s breaks the stream before its end, nothing is kept, and the next request works",
  async (_what, answer, asset) => {
    await using open = await openUpstreams();
    const { commit, kept } = keeping(open.blobs);
    open.upstream.on("/file.tgz", answer);
    const fetched = await open.upstreams.fetchAsset(wanted(open.upstream, asset), commit);
    const received: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of (await fetched?.stream()) ?? []) received.push(chunk);
    })();
    await expect(reading).rejects.toThrow(/where its upstream says|broke off|bytes/);
    await expect(fetched?.stored).rejects.toThrow(Error);
    expect(Buffer.concat(received).length).toBeLessThan(Math.max(fetched?.size ?? 0, CONTENT.length));
    expect(kept).toEqual([]);
    expect(await blobCount(open)).toBe(0);

    open.upstream.on("/file.tgz", respond(200, {}, CONTENT));
    const again = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
    expect(await text(again?.stream())).toBe(CONTENT);
  },
);

/** The first `length` bytes of all, and then the connection is gone. */
const cutAfter =
  (content: Buffer, length: number): Answer =>
  (socket) => {
    socket.write(head(200, { "Content-Length": String(content.length) }));
    socket.write(content.subarray(0, length));
    setTimeout(() => socket.destroy(), 50);
  };
const restOf =
  (content: Buffer): Answer =>
  (socket, request) => {
    const start = Number(/^bytes=(\d+)-$/.exec(String(request.headers["range"]))?.[1]);
    const range = `bytes ${start}-${content.length - 1}/${content.length}`;
    respond(206, { "Content-Range": range }, content.subarray(start))(socket, request);
  };

test("a connection that breaks in the middle of a file is taken up where it broke, and no client notices", async () => {
  await using open = await openUpstreams();
  const content = Buffer.from(Array.from({ length: 900_000 }, (_, index) => index % 251));
  open.upstream.on("/file.tgz", cutAfter(content, 500_000), restOf(content));
  const { commit, kept } = keeping(open.blobs);
  const integrity = hashesOf(content);
  const [first, second] = await Promise.all([
    open.upstreams.fetchAsset(wanted(open.upstream, { integrity }), commit),
    open.upstreams.fetchAsset(wanted(open.upstream, { integrity }), commit),
  ]);
  for (const fetched of [first, second]) {
    const stream = await fetched?.stream();
    if (!stream) throw new Error("there is no stream");
    expect((await buffer(stream)).equals(content)).toBe(true);
  }
  await first?.stored;
  expect(kept).toEqual([integrity.sha256]);
  expect(open.upstream.count("/file.tgz")).toBe(2);
});

test.each([
  ["another file by now, which the hash tells", Buffer.alloc(900_000, "b"), true],
  ["of which neither hash nor tag is known", Buffer.alloc(900_000, "a"), false],
])("the rest of a file is not taken when it is %s", async (_what, now, hashKnown) => {
  await using open = await openUpstreams();
  const content = Buffer.alloc(900_000, "a");
  open.upstream.on("/file.tgz", cutAfter(content, 500_000), restOf(now));
  const { commit, kept } = keeping(open.blobs);
  const integrity = hashKnown ? hashesOf(content) : {};
  const fetched = await open.upstreams.fetchAsset(wanted(open.upstream, { integrity }), commit);
  await expect(text(fetched?.stream())).rejects.toThrow(Error);
  await expect(fetched?.stored).rejects.toThrow(Error);
  expect(kept).toEqual([]);
});

function chunked(content: string): Answer {
  return (socket) => {
    socket.write(head(200, { "Transfer-Encoding": "chunked" }));
    for (const character of content) socket.write(`1\r\n${character}\r\n`);
    socket.write("0\r\n\r\n");
  };
}

test.each([
  ["an announced size that is not the listing's", respond(200, {}, CONTENT), { size: 5 }, UpstreamRefused],
  [
    "an announcement of a petabyte",
    respond(200, { "Content-Length": "1000000000000000" }),
    {},
    UpstreamRefused,
  ],
  ["an error of the upstream", respond(500), {}, UpstreamUnavailable],
  ["silence", () => {}, {}, UpstreamUnavailable],
] satisfies [string, Answer, object, typeof UpstreamRefused | typeof UpstreamUnavailable][])(
  "%s fails before anything is sent",
  async (_what, answer, asset, error) => {
    await using open = await openUpstreams({ timeoutSeconds: 1 });
    open.upstream.on("/file.tgz", answer);
    const { commit } = keeping(open.blobs);
    await expect(open.upstreams.fetchAsset(wanted(open.upstream, asset), commit)).rejects.toThrow(error);
  },
);

test("a slow drip of a file is broken off", async () => {
  await using open = await openUpstreams({ timeoutSeconds: 1 });
  open.upstream.on("/file.tgz", (socket) => {
    socket.write(head(200, { "Content-Length": "100000" }));
    const timer = setInterval(() => socket.write("x"), 50);
    socket.on("close", () => clearInterval(timer));
  });
  const fetched = await open.upstreams.fetchAsset(wanted(open.upstream), keeping(open.blobs).commit);
  await expect(text(fetched?.stream())).rejects.toThrow("sends too slowly");
});

test("a file that is not there is remembered as such for a minute, and then found", async () => {
  await using open = await openUpstreams();
  const { commit } = keeping(open.blobs);
  open.upstream.on("/file.tgz", respond(404), respond(200, {}, CONTENT));
  const ask = () => open.upstreams.fetchAsset(wanted(open.upstream), commit);
  expect(await ask()).toBeUndefined();
  expect(await ask()).toBeUndefined();
  expect(open.upstream.count("/file.tgz")).toBe(1);
  open.clock.turn(61_000);
  expect(await text((await ask())?.stream())).toBe(CONTENT);
});

test("when the first client goes away the fetch goes on, for the store and for those who wait", async () => {
  await using open = await openUpstreams();
  const { commit, kept } = keeping(open.blobs);
  const content = Buffer.alloc(8_000_000, "0123456789");
  open.upstream.on("/file.tgz", respond(200, {}, content));
  const first = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
  const second = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
  const stream = await first?.stream();
  stream?.once("data", () => stream.destroy());
  expect((await text(second?.stream())).length).toBe(content.length);
  await first?.stored;
  expect(kept).toEqual([hashesOf(content).sha256]);
  expect(open.upstream.count("/file.tgz")).toBe(1);
});

test("a first client that reads nothing for a while holds up nobody, and still gets every byte", async () => {
  await using open = await openUpstreams();
  const { commit } = keeping(open.blobs);
  const content = Buffer.alloc(8_000_000, "0123456789");
  open.upstream.on("/file.tgz", respond(200, {}, content));
  const first = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
  const stream = await first?.stream();
  await first?.stored;
  if (!stream) throw new Error("there is no stream");
  expect((await buffer(stream)).equals(content)).toBe(true);
});

test("an empty file is a file", async () => {
  await using open = await openUpstreams();
  const { commit, kept } = keeping(open.blobs);
  open.upstream.on("/file.tgz", respond(200));
  const fetched = await open.upstreams.fetchAsset(wanted(open.upstream), commit);
  expect(await text(fetched?.stream())).toBe("");
  await fetched?.stored;
  expect(kept).toEqual([hashesOf("").sha256]);
});

test("the format reads the file before it is kept, and what it refuses is not kept", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/file.tgz", respond(200, {}, CONTENT));
  let described: unknown;
  const reading = testFormat({
    async describe(content) {
      const bytes = await buffer(await content.open({ start: 4, end: 8 }));
      return { metadata: { read: bytes.toString() }, licenses: [], dependencies: [] };
    },
  });
  const fetched = await open.upstreams.fetchAsset(
    wanted(open.upstream, {}, { format: reading }),
    async (tx, blob, _content, description) => {
      await open.blobs.reference(tx, blob.id, "test");
      described = description?.metadata;
    },
  );
  await fetched?.stored;
  expect(described).toEqual({ read: "bytes" });

  const refusing = testFormat({
    async describe() {
      throw new PackageInvalid("no zip");
    },
  });
  open.upstream.on("/other.tgz", respond(200, {}, "other"));
  const refused = await open.upstreams.fetchAsset(
    wanted(open.upstream, { url: `${open.upstream.url}other.tgz` }, { format: refusing }),
    keeping(open.blobs).commit,
  );
  await expect(text(refused?.stream())).rejects.toThrow("file.tgz of acme: no zip");
  expect(await blobCount(open)).toBe(1);
});

test("what was counted tells by connection how the upstream answered", async () => {
  await using open = await openUpstreams();
  open.upstream.on("/file.tgz", respond(503), respond(404));
  await open.upstreams.fetchAsset(wanted(open.upstream), keeping(open.blobs).commit);
  expect(open.upstreams.requestCounts()).toEqual([
    { connection: "acme", outcome: "503", count: 1 },
    { connection: "acme", outcome: "404", count: 1 },
  ]);
});

test("a connection that the settings do not name any more is unavailable, and said so", async () => {
  await using open = await openUpstreams();
  const gone = wanted(open.upstream, {}, { connection: "gone" });
  const fetching = open.upstreams.fetchAsset(gone, keeping(open.blobs).commit);
  await expect(fetching).rejects.toThrow("the settings name no upstream gone");
});

test("closing breaks off what still runs", async () => {
  await using open = await openUpstreams({ timeoutSeconds: 60 });
  open.upstream.on("/file.tgz", (socket) =>
    socket.write(`${head(200, { "Content-Length": "100" })}beginning`),
  );
  const fetched = await open.upstreams.fetchAsset(wanted(open.upstream), keeping(open.blobs).commit);
  await open.upstreams.close();
  await expect(fetched?.stored).rejects.toThrow(UpstreamUnavailable);
});
