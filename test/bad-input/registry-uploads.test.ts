import { describe, expect, test } from "bun:test";
import type { RawRequest } from "./raw-client.ts";
import { codeOf, MEBIBYTE, path, REPOSITORY, sha256, startVictimRegistry } from "./victim-registry.ts";

/** Uploads that go wrong: refused or resumable, never half a blob. */
const victim = startVictimRegistry();
const { ask, startUpload } = victim;

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
    const unannounced = await ask({
      method: "PATCH",
      target: location,
      body: "8\r\ntoo long\r\n0\r\n\r\n",
      headers: { "Content-Range": "5-9", "Transfer-Encoding": "chunked" },
    });
    expect([unannounced.status, codeOf(unannounced)]).toEqual([400, "SIZE_INVALID"]);
    expect((await ask({ target: location })).headers.get("range")).toBe("0-4");
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
      location.replace(REPOSITORY, "other"),
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
    const bodies = ["a", "b"].map((letter) => Buffer.alloc(2 * MEBIBYTE, letter));
    const headers = { "Content-Range": `0-${2 * MEBIBYTE - 1}` };
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
    const target = path(`blobs/uploads/?mount=${victim.layer}&from=nothing/here`);
    expect((await ask({ method: "POST", target })).status).toBe(202);
  });
});
