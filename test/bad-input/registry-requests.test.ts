import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RunningServer } from "../running-server.ts";
import { sendBytes, sendRaw } from "./raw-client.ts";
import { basic, codeOf, path, startVictimRegistry } from "./victim-registry.ts";

/** Credentials, paths, methods and heads at /v2/ that are wrong: each gets its documented answer. */
const victim = startVictimRegistry();
const { ask, startUpload } = victim;

let foreign: RunningServer;
beforeAll(async () => {
  foreign = await RunningServer.start({ args: ["--log-level", "error"] });
});
afterAll(async () => {
  await foreign?.stop();
});

describe("credentials", () => {
  const forged = () => {
    const token = Buffer.from(victim.authorization.slice(6), "base64").toString().slice(4);
    const last = token.at(-2) === "A" ? "B" : "A";
    return basic("AWS", token.slice(0, -2) + last + token.slice(-1));
  };
  const cases: readonly (readonly [what: string, header: () => string | Promise<string>])[] = [
    ["none", () => ""],
    ["a token with one character changed", forged],
    ["a token of another installation", async () => basic("AWS", await foreign.registryPassword())],
    [
      "the right token under another user name",
      () => basic("root", Buffer.from(victim.authorization.slice(6), "base64").toString().slice(4)),
    ],
    [
      "the root key itself",
      () => basic(victim.server.rootKey.accessKeyId, victim.server.rootKey.secretAccessKey),
    ],
    ["the token as a bearer token", () => victim.authorization.replace("Basic", "Bearer")],
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
        { method: "PUT", target: path("manifests/evil"), body: victim.manifest },
        { method: "DELETE", target: path("manifests/good") },
        { method: "POST", target: path("blobs/uploads/"), body: "x".repeat(100_000) },
      ]) {
        const answer = await sendRaw(victim.server.port, { ...request, headers });
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
      const answer = await sendBytes(victim.server.port, Buffer.from(bytes, "latin1"), true);
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
