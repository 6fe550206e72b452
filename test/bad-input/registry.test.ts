import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, type RawRequest, sendBytes, sendRaw } from "./raw-client.ts";

/**
 * What strangers and broken clients send to /v2/: each case gets its documented answer, leaves nothing behind,
 * and does not disturb the image that lies beside it.
 */
const repository = "team/victim";
const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const mebibyte = 1024 * 1024;

let server: RunningServer;
let foreign: RunningServer;
let authorization: string;
let good: { manifest: string; digest: string; layer: string };

beforeAll(async () => {
  [server, foreign] = await Promise.all([
    RunningServer.start({ args: ["--domain", "registry.test", "--log-level", "error"] }),
    RunningServer.start({ args: ["--log-level", "error"] }),
  ]);
  authorization = basic("AWS", await server.registryPassword());
  for (const name of [repository, "other"])
    await server.aws(["ecr", "create-repository", "--repository-name", name]);
  const layer = await pushBlob("a layer");
  const config = await pushBlob("{}");
  const manifest = image({ config, layer });
  const pushed = await ask({
    method: "PUT",
    target: path("manifests/good"),
    body: manifest,
    headers: { "Content-Type": imageType },
  });
  expect(pushed.status).toBe(201);
  good = { manifest, digest: sha256(manifest), layer };
});

afterAll(async () => {
  await Promise.all([server?.stop(), foreign?.stop()]);
});

afterEach(async () => {
  const pulled = await ask({ target: path("manifests/good") });
  expect([pulled.status, pulled.body]).toEqual([200, good.manifest]);
  const tags = await ask({ target: path("tags/list") });
  expect(JSON.parse(tags.body)).toEqual({ name: repository, tags: ["good"] });
  const catalog = await ask({ target: "/v2/_catalog" });
  expect(JSON.parse(catalog.body)).toEqual({ repositories: ["other", repository] });
});

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const sha256 = (bytes: string | Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const path = (rest: string) => `/v2/${repository}/${rest}`;

function ask(request: RawRequest): Promise<RawAnswer> {
  return sendRaw(server.port, { ...request, headers: { Authorization: authorization, ...request.headers } });
}

function codeOf(answer: RawAnswer): string {
  return JSON.parse(answer.body).errors[0].code;
}

async function pushBlob(bytes: string): Promise<string> {
  const digest = sha256(bytes);
  const answer = await ask({ method: "POST", target: path(`blobs/uploads/?digest=${digest}`), body: bytes });
  expect(answer.status).toBe(201);
  return digest;
}

function image({
  config,
  layer,
  ...fields
}: {
  config: string;
  layer: string;
  [field: string]: unknown;
}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: imageType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: 2 },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: layer, size: 7 }],
    ...fields,
  });
}

async function startUpload(): Promise<string> {
  const started = await ask({ method: "POST", target: path("blobs/uploads/") });
  expect(started.status).toBe(202);
  return started.headers.get("location") ?? "";
}

describe("credentials", () => {
  const forged = () => {
    const token = Buffer.from(authorization.slice(6), "base64").toString().slice(4);
    const last = token.at(-2) === "A" ? "B" : "A";
    return basic("AWS", token.slice(0, -2) + last + token.slice(-1));
  };
  const cases: readonly (readonly [what: string, header: () => string | Promise<string>])[] = [
    ["none", () => ""],
    ["a token with one character changed", forged],
    ["a token of another installation", async () => basic("AWS", await foreign.registryPassword())],
    [
      "the right token under another user name",
      () => basic("root", Buffer.from(authorization.slice(6), "base64").toString().slice(4)),
    ],
    ["the root key itself", () => basic(server.rootKey.accessKeyId, server.rootKey.secretAccessKey)],
    ["the token as a bearer token", () => authorization.replace("Basic", "Bearer")],
    ["bytes that are no base64", () => "Basic \xff\xfe\xfd"],
    ["8 KiB of noise", () => basic("AWS", "x".repeat(8192))],
  ];
  for (const [what, header] of cases) {
    test(`${what}: 401 for reading and writing, existing or not`, async () => {
      const headers: Record<string, string> = { Authorization: await header() };
      for (const request of [
        { target: "/v2/" },
        { target: path("manifests/good") },
        { target: "/v2/nothing/manifests/good" },
        { method: "PUT", target: path("manifests/evil"), body: good.manifest },
        { method: "DELETE", target: path("manifests/good") },
        { method: "POST", target: path("blobs/uploads/"), body: "x".repeat(100_000) },
      ]) {
        const answer = await sendRaw(server.port, { ...request, headers });
        expect([answer.status, answer.body.trim()]).toEqual([401, "Not Authorized"]);
        expect(answer.headers.get("www-authenticate")).toContain('service="ecr.amazonaws.com"');
      }
    });
  }

  test("a token of another region: 403 that names the region", async () => {
    const answer = await ask({
      target: "/v2/",
      headers: { Host: "123456789012.dkr.ecr.eu-west-1.registry.test" },
    });
    expect([answer.status, codeOf(answer)]).toEqual([403, "DENIED"]);
    expect(answer.body).toContain("us-east-1");
  });

  test("a stranger's account by host name: its repositories do not open", async () => {
    const headers = { Host: "111122223333.dkr.ecr.us-east-1.registry.test" };
    for (const target of ["/v2/_catalog", path("tags/list"), path("manifests/good")]) {
      const answer = await ask({ target, headers });
      expect([403, 404]).toContain(answer.status);
      expect(answer.body).not.toContain("good");
    }
  });
});

describe("paths", () => {
  const cases: readonly (readonly [target: string, status: number])[] = [
    ["/v2/../../etc/passwd/manifests/good", 400],
    ["/v2/team/../team/victim/manifests/good", 400],
    ["/v2/team/%2e%2e/team/victim/manifests/good", 400],
    ["/v2/team%2fvictim/manifests/good", 400],
    ["/v2/team/victim%00/manifests/good", 400],
    ["/v2/team/victim%252f..%252fother/manifests/good", 400],
    ["/v2/team\\victim/manifests/good", 400],
    ["/v2/TEAM/victim/manifests/good", 400],
    ["/v2//team/victim/manifests/good", 400],
    ["/v2/%ff%fe/manifests/good", 400],
    [`/v2/${"a/".repeat(2000)}a/manifests/good`, 400],
    [`/v2/${"a".repeat(4000)}/tags/list`, 400],
    [path("manifests/..%2f..%2fgood"), 400],
    [path("manifests/%2e%2e"), 400],
    [path("manifests/good%00"), 400],
    [path("manifests/%c3%28"), 400],
    [path(`manifests/${"t".repeat(129)}`), 400],
    [path("blobs/sha256:../../../../etc/passwd"), 404],
    [path("blobs/..%2f..%2f..%2fetc%2fpasswd"), 400],
    [path(`blobs/md5:${"a".repeat(32)}`), 400],
    [path(`blobs/sha256:${"A".repeat(64)}`), 400],
    [path(`blobs/sha256:${"a".repeat(64)}%0a`), 400],
    [path("blobs/uploads/..%2f..%2fsecret"), 404],
    [path("blobs/uploads/%00"), 404],
    [path("referrers/sha256:abc"), 400],
    [path("unknown/thing"), 404],
    ["/v2/team", 404],
    ["/v2/.git/config", 404],
    [path("tags/list?n=-1"), 400],
    [path("tags/list?n=99999999999999999999"), 400],
    [path("tags/list?last=%00"), 400],
    [path(`tags/list?${"x=1&".repeat(500)}`), 414],
    [path(`referrers/sha256:${"a".repeat(64)}?artifactType=%00`), 400],
  ];
  for (const [target, status] of cases) {
    test(JSON.stringify(target.slice(0, 70)), async () => {
      const answer = await ask({ target });
      expect(answer.status).toBe(status);
      expect(codeOf(answer)).toMatch(/^[A-Z_]+$/);
      expect(answer.body).not.toContain("root:");
    });
  }

  test("a byte beyond ASCII in the target", async () => {
    expect((await ask({ target: "/v2/t\u00e9am/manifests/good" })).status).toBe(400);
  });

  test("a target beyond the limit of a request's head", async () => {
    expect([400, 414, 431]).toContain(
      (await ask({ target: path(`manifests/${"a".repeat(100_000)}`) })).status,
    );
  });
});

describe("methods", () => {
  for (const method of ["POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
    test(`${method} on a manifest: 405 that names what is allowed`, async () => {
      const answer = await ask({ method, target: path("manifests/good") });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, PUT, DELETE"]);
    });
  }

  test("a word that is no method", async () => {
    expect([400, 405, 501]).toContain((await ask({ method: "BREW", target: path("manifests/good") })).status);
  });
});

describe("manifests", () => {
  const descriptor = (digest: string, fields: object = {}) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest,
    size: 7,
    ...fields,
  });
  const config = sha256("{}");
  const layer = sha256("a layer");
  const cases: readonly (readonly [what: string, body: string | Uint8Array, code: string, type?: string])[] =
    [
      ["an empty body", "", "MANIFEST_INVALID"],
      ["no JSON", "<html>", "MANIFEST_INVALID"],
      ["JSON that is no object", "[]", "MANIFEST_INVALID"],
      ["JSON cut off in the middle", image({ config, layer }).slice(0, -20), "MANIFEST_INVALID"],
      ["4 MiB of opening brackets", "[".repeat(4 * mebibyte), "MANIFEST_INVALID"],
      ["4 MiB of nested objects", '{"a":'.repeat((4 * mebibyte) / 5), "MANIFEST_INVALID"],
      [
        "invalid UTF-8",
        Buffer.concat([
          Buffer.from(image({ config, layer }).slice(0, -1)),
          Buffer.from([0x2c, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        ]),
        "MANIFEST_INVALID",
      ],
      [
        "a member named twice",
        image({ config, layer }).replace("{", '{"schemaVersion":2,'),
        "MANIFEST_INVALID",
      ],
      [
        "__proto__ as a member",
        image({ config, layer }).replace("{", '{"__proto__":{"layers":[]},"layers":{},'),
        "MANIFEST_INVALID",
      ],
      ["schema version 1", image({ config, layer, schemaVersion: 1 }), "MANIFEST_INVALID"],
      [
        "an unknown media type",
        image({ config, layer, mediaType: "application/x-unknown" }),
        "MANIFEST_INVALID",
        "application/x-unknown",
      ],
      [
        "two media types that disagree",
        image({ config, layer, annotations: { a: "type" } }),
        "MANIFEST_INVALID",
        indexType,
      ],
      ["an image that is an index as well", image({ config, layer, manifests: [] }), "MANIFEST_INVALID"],
      ["layers that are no list", image({ config, layer, layers: {} }), "MANIFEST_INVALID"],
      [
        "a layer's digest that is none",
        image({ config, layer, layers: [descriptor("sha256:../../x")] }),
        "MANIFEST_INVALID",
      ],
      [
        "a negative size",
        image({ config, layer, layers: [descriptor(layer, { size: -1 })] }),
        "MANIFEST_INVALID",
      ],
      [
        "a size beyond every number",
        image({ config, layer }).replace('"size":7', '"size":1e400'),
        "MANIFEST_INVALID",
      ],
      [
        "annotations that are no strings",
        image({ config, layer, annotations: { a: 1 } }),
        "MANIFEST_INVALID",
      ],
      ["a subject that is no descriptor", image({ config, layer, subject: "x" }), "MANIFEST_INVALID"],
    ];
  for (const [what, body, code, type = imageType] of cases) {
    test(`${what}: 400 ${code}, by tag and by digest`, async () => {
      for (const reference of ["evil", sha256(body)]) {
        const answer = await ask({
          method: "PUT",
          target: path(`manifests/${reference}`),
          body,
          headers: { "Content-Type": type },
        });
        expect([answer.status, codeOf(answer)]).toEqual([400, code]);
      }
      expect((await ask({ target: path(`manifests/${sha256(body)}`) })).status).toBe(404);
    });
  }

  test("a layer that was never pushed: MANIFEST_BLOB_UNKNOWN that names it", async () => {
    const missing = sha256("never pushed");
    const body = image({ config, layer: missing });
    const answer = await ask({
      method: "PUT",
      target: path("manifests/evil"),
      body,
      headers: { "Content-Type": imageType },
    });
    expect([answer.status, codeOf(answer)]).toEqual([404, "MANIFEST_BLOB_UNKNOWN"]);
    expect(answer.body).toContain(missing);
  });

  test("bytes of another digest: DIGEST_INVALID", async () => {
    const body = image({ config, layer, annotations: { a: "b" } });
    const target = path(`manifests/${sha256("other")}?tag=evil`);
    const answer = await ask({ method: "PUT", target, body, headers: { "Content-Type": imageType } });
    expect([answer.status, codeOf(answer)]).toEqual([400, "DIGEST_INVALID"]);
  });

  test("one bad tag among good ones: none is made", async () => {
    const body = image({ config, layer, annotations: { a: "c" } });
    for (const tags of ["tag=evil&tag=-bad", "tag=evil&tag="]) {
      const target = path(`manifests/${sha256(body)}?${tags}`);
      const answer = await ask({ method: "PUT", target, body, headers: { "Content-Type": imageType } });
      expect([answer.status, codeOf(answer)]).toEqual([400, "TAG_INVALID"]);
    }
    expect((await ask({ target: path(`manifests/${sha256(body)}`) })).status).toBe(404);
  });

  test("more than 4 MiB, announced or not: 413 without taking it all in", async () => {
    const target = path("manifests/evil");
    const announced = await ask({
      method: "PUT",
      target,
      body: "x",
      announced: 100 * mebibyte,
      headers: { "Content-Type": imageType },
    });
    expect(announced.status).toBe(413);
    const chunk = Buffer.concat([
      Buffer.from("100000\r\n"),
      Buffer.alloc(mebibyte, "x"),
      Buffer.from("\r\n"),
    ]);
    const chunked = await ask({
      method: "PUT",
      target,
      body: Buffer.concat(Array<Buffer>(8).fill(chunk)),
      headers: { "Content-Type": imageType, "Transfer-Encoding": "chunked" },
    });
    expect([chunked.status, codeOf(chunked)]).toEqual([413, "SIZE_INVALID"]);
  });

  test("a body that breaks off leaves no image", async () => {
    const body = image({ config, layer, annotations: { a: "d" } });
    await ask({
      method: "PUT",
      target: path("manifests/evil"),
      body: body.slice(0, 50),
      announced: body.length,
      breakOff: true,
      headers: { "Content-Type": imageType },
    });
    expect((await ask({ target: path("manifests/evil") })).status).toBe(404);
  });
});

describe("uploads", () => {
  test("bytes of another digest, in every way of pushing: DIGEST_INVALID, and no such blob", async () => {
    const digest = sha256("what was promised");
    const location = await startUpload();
    const requests: RawRequest[] = [
      { method: "POST", target: path(`blobs/uploads/?digest=${digest}`), body: "something else" },
      { method: "PUT", target: `${location}?digest=${digest}`, body: "something else" },
      { method: "PUT", target: `${location}?digest=${digest}` },
    ];
    for (const request of requests) {
      const answer = await ask(request);
      expect([answer.status, codeOf(answer)]).toEqual([400, "DIGEST_INVALID"]);
    }
    expect((await ask({ target: path(`blobs/${digest}`) })).status).toBe(404);
  });

  test("digests that are none: DIGEST_INVALID before a byte is taken", async () => {
    const location = await startUpload();
    for (const digest of [
      "",
      "x",
      "sha256:",
      "sha256:xyz",
      `sha1:${"a".repeat(40)}`,
      `sha256:${"a".repeat(64)}:b`,
    ]) {
      for (const [method, target] of [
        ["PUT", `${location}?digest=${digest}`],
        ["POST", path(`blobs/uploads/?digest=${digest}`)],
        ["POST", path(`blobs/uploads/?mount=${digest}&from=other`)],
      ] as const) {
        const answer = await ask({ method, target, body: "hello" });
        expect([answer.status, codeOf(answer)]).toEqual([400, "DIGEST_INVALID"]);
      }
    }
    expect((await ask({ method: "PUT", target: location })).status).toBe(400);
    expect((await ask({ target: location })).headers.get("range")).toBe("0-0");
  });

  test("chunks out of order, overlapping or malformed change nothing", async () => {
    const location = await startUpload();
    const send = (range: string, body: string) =>
      ask({ method: "PATCH", target: location, body, headers: { "Content-Range": range } });
    expect((await send("0-4", "hello")).status).toBe(202);
    const cases: readonly (readonly [range: string, body: string, status: number])[] = [
      ["0-4", "HELLO", 416],
      ["4-8", "o wor", 416],
      ["6-10", "world", 416],
      ["999999999999990-999999999999994", "world", 416],
      ["9007199254740991-9007199254740995", "world", 400],
      ["5-4", "", 400],
      ["5-9", "too long", 400],
      ["5-9", "shor", 400],
      ["-1-3", "world", 400],
      ["bytes 5-9/10", "world", 400],
      ["5", "world", 400],
      ["five-nine", "world", 400],
    ];
    for (const [range, body, status] of cases) {
      const answer = await send(range, body);
      expect([range, answer.status]).toEqual([range, status]);
      if (status === 416) {
        expect([answer.headers.get("range"), answer.headers.get("location")]).toEqual(["0-4", location]);
      }
      expect((await ask({ target: location })).headers.get("range")).toBe("0-4");
    }
    expect((await send("5-9", "world")).status).toBe(202);
    const digest = sha256("helloworld");
    expect((await ask({ method: "PUT", target: `${location}?digest=${digest}` })).status).toBe(201);
    expect((await ask({ target: path(`blobs/${digest}`) })).body).toBe("helloworld");
  });

  test("a body that breaks off: the upload tells how far it came and goes on from there", async () => {
    const location = await startUpload();
    const bytes = Buffer.alloc(300_000, "z");
    await ask({
      method: "PATCH",
      target: location,
      body: bytes.subarray(0, 200_000),
      announced: bytes.length,
      breakOff: true,
    });
    let received = 0;
    for (let attempt = 0; attempt < 50; attempt++) {
      const status = await ask({ target: location });
      expect(status.status).toBe(204);
      received = Number(status.headers.get("range")?.slice(2)) + 1;
      if (received > 1) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(received).toBeGreaterThan(1);
    expect(received).toBeLessThanOrEqual(200_000);
    const rest = bytes.subarray(received);
    const headers = { "Content-Range": `${received}-${bytes.length - 1}` };
    const digest = sha256(bytes);
    const finished = await ask({
      method: "PUT",
      target: `${location}?digest=${digest}`,
      body: rest,
      headers,
    });
    expect(finished.status).toBe(201);
    expect(
      (await ask({ method: "HEAD", target: path(`blobs/${digest}`) })).headers.get("content-length"),
    ).toBe("300000");
  });

  test("one request for a whole blob that breaks off leaves nothing", async () => {
    const bytes = Buffer.alloc(100_000, "y");
    const target = path(`blobs/uploads/?digest=${sha256(bytes)}`);
    await ask({
      method: "POST",
      target,
      body: bytes.subarray(0, 50_000),
      announced: bytes.length,
      breakOff: true,
    });
    expect((await ask({ target: path(`blobs/${sha256(bytes)}`) })).status).toBe(404);
  });

  test("sessions that are unknown, of another repository, finished or cancelled: BLOB_UPLOAD_UNKNOWN", async () => {
    const location = await startUpload();
    const cancelled = await startUpload();
    expect((await ask({ method: "DELETE", target: cancelled })).status).toBe(204);
    const targets = [
      path("blobs/uploads/00000000-0000-4000-8000-000000000000"),
      path("blobs/uploads/x"),
      location.replace(repository, "other"),
      cancelled,
    ];
    for (const target of targets) {
      for (const method of ["GET", "PATCH", "PUT", "DELETE"]) {
        const query = method === "PUT" ? `?digest=${sha256("x")}` : "";
        const answer = await ask({
          method,
          target: target + query,
          ...(method === "PATCH" ? { body: "x" } : {}),
        });
        expect([method, answer.status, codeOf(answer)]).toEqual([method, 404, "BLOB_UPLOAD_UNKNOWN"]);
      }
    }
    expect((await ask({ method: "DELETE", target: location })).status).toBe(204);
  });

  test("two writers at once on one session: what is stored is never a mixture", async () => {
    const location = await startUpload();
    const bodies = ["a", "b"].map((letter) => Buffer.alloc(2 * mebibyte, letter));
    const headers = { "Content-Range": `0-${2 * mebibyte - 1}` };
    const answers = await Promise.all(
      bodies.map((body) => ask({ method: "PATCH", target: location, body, headers })),
    );
    expect(answers.filter(({ status }) => status === 202).length).toBe(1);
    const winner = bodies[answers.findIndex(({ status }) => status === 202)] ?? Buffer.alloc(0);
    const finished = await ask({ method: "PUT", target: `${location}?digest=${sha256(winner)}` });
    expect(finished.status).toBe(201);
  });

  test("pushing to a repository that does not exist: NAME_UNKNOWN in ECR's words, and it is not made", async () => {
    const answer = await ask({ method: "POST", target: "/v2/nothing/here/blobs/uploads/" });
    expect([answer.status, codeOf(answer)]).toEqual([404, "NAME_UNKNOWN"]);
    expect(answer.body).toContain(
      "The repository with name 'nothing/here' does not exist in the registry with id '123456789012'",
    );
  });

  test("a client that asks before it sends is refused without sending", async () => {
    for (const [target, status] of [
      [`/v2/nothing/here/blobs/uploads/?digest=${sha256("x")}`, 404],
      [path("blobs/uploads/?digest=sha256:x"), 400],
    ] as const) {
      const headers = { Expect: "100-continue" };
      const answer = await ask({ method: "POST", target, announced: 1_000_000_000, headers });
      expect(answer.status).toBe(status);
    }
  });

  test("a mount from a repository that does not exist starts an upload", async () => {
    const target = path(`blobs/uploads/?mount=${good.layer}&from=nothing/here`);
    expect((await ask({ method: "POST", target })).status).toBe(202);
  });
});

describe("heads that are wrong", () => {
  const cases: readonly (readonly [what: string, headers: Record<string, string>])[] = [
    ["a header of 100 KiB", { "X-Large": "x".repeat(100 * 1024) }],
    ["1,000 headers", Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`X-${index}`, "x"]))],
    ["a length and a transfer coding together", { "Content-Length": "5", "Transfer-Encoding": "chunked" }],
    ["a length that is no number", { "Content-Length": "five" }],
    ["a negative length", { "Content-Length": "-5" }],
    ["two lengths", { "Content-Length": "5", "content-length": "6" }],
    ["two hosts", { host: "other" }],
    ["a NUL in a header", { "X-Nul": "a\u0000b" }],
  ];
  for (const [what, headers] of cases) {
    test(`${what}: refused, and the connection closed`, async () => {
      const answer = await ask({ method: "PUT", target: path("manifests/evil"), headers });
      expect(answer.status === 0 || (answer.status >= 400 && answer.status < 500)).toBe(true);
    });
  }

  test("bytes that are no HTTP", async () => {
    for (const bytes of [
      "\u0016\u0003\u0001\u0002",
      "GET\r\n\r\n",
      "GET /v2/ HTTP/9.9\r\n\r\n",
      "\r\n".repeat(1000),
      "A".repeat(70_000),
    ]) {
      const answer = await sendBytes(server.port, Buffer.from(bytes, "latin1"), true);
      expect(answer.status === 0 || answer.status >= 400).toBe(true);
    }
  });

  test("a chunk whose size is a lie", async () => {
    const location = await startUpload();
    await ask({
      method: "PATCH",
      target: location,
      body: "5\r\nhello, more than five\r\n0\r\n\r\n",
      headers: { "Transfer-Encoding": "chunked" },
      breakOff: true,
    });
    expect((await ask({ target: location })).status).toBe(204);
  });
});
