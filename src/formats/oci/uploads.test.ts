import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { AwsError } from "../../aws/errors.ts";
import { StorageFull, UploadNotFound } from "../../storage/blobs/errors.ts";
import { authorization, clientOf, code, sha, startTestDoor } from "./testing/test-door.ts";

const door = startTestDoor();
const { ask, pushBlob, startUpload } = clientOf(door);

describe("pushing blobs", () => {
  test("in one request", async () => {
    const digest = await pushBlob("hello");
    const response = await ask(`/v2/app/blobs/${digest}`);
    expect(await response.text()).toBe("hello");
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(response.headers.get("content-length")).toBe("5");
  });

  test("with POST and PUT; the location is a path with the session's id and nothing secret", async () => {
    const location = await startUpload();
    expect(location).toMatch(/^\/v2\/app\/blobs\/uploads\/[0-9a-f-]{36}$/);
    const response = await ask(`${location}?digest=${sha("hello")}`, { method: "PUT", body: "hello" });
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe(`/v2/app/blobs/${sha("hello")}`);
  });

  test("in chunks, in order only, with the place to go on in every answer", async () => {
    const location = await startUpload();
    const chunk = (range: string, body: string, method = "PATCH", query = "") =>
      ask(location + query, { method, body, headers: { "content-range": range } });

    const first = await chunk("0-4", "hello");
    expect(first.status).toBe(202);
    expect(first.headers.get("range")).toBe("0-4");

    for (const range of ["0-4", "6-10", "4-8"]) {
      const wrong = await chunk(range, "xxxxx");
      expect(wrong.status).toBe(416);
      expect(wrong.headers.get("range")).toBe("0-4");
      expect(wrong.headers.get("location")).toBe(location);
      expect(await code(wrong)).toBe("BLOB_UPLOAD_INVALID");
    }

    const status = await ask(location);
    expect([status.status, status.headers.get("range"), status.headers.get("location")]).toEqual([
      204,
      "0-4",
      location,
    ]);

    const digest = sha("hello, world");
    expect((await chunk("7-11", "world", "PUT", `?digest=${digest}`)).status).toBe(416);
    expect((await chunk("5-6", ", ")).status).toBe(202);
    expect((await chunk("7-11", "world", "PUT", `?digest=${digest}`)).status).toBe(201);
    expect(await (await ask(`/v2/app/blobs/${digest}`)).text()).toBe("hello, world");
    expect((await ask(location)).status).toBe(404);
  });

  test("as a stream without Content-Range, as docker does", async () => {
    const location = await startUpload();
    expect((await ask(location, { method: "PATCH", body: "one " })).headers.get("range")).toBe("0-3");
    expect((await ask(location, { method: "PATCH", body: "two" })).headers.get("range")).toBe("0-6");
    expect((await ask(`${location}?digest=${sha("one two")}`, { method: "PUT" })).status).toBe(201);
  });

  test("with sha512", async () => {
    const started = await ask("/v2/app/blobs/uploads/?digest-algorithm=sha512", { method: "POST" });
    const digest = sha("hello", "sha512");
    const response = await ask(`${started.headers.get("location")}?digest=${digest}`, {
      method: "PUT",
      body: "hello",
    });
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect((await ask(`/v2/app/blobs/${digest}`, { method: "HEAD" })).status).toBe(200);
  });

  test("an empty blob is a blob", async () => {
    const digest = await pushBlob("");
    const response = await ask(`/v2/app/blobs/${digest}`);
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "0"]);
  });

  test("a cancelled upload is gone", async () => {
    const location = await startUpload();
    expect((await ask(location, { method: "DELETE" })).status).toBe(204);
    expect(await code(await ask(location, { method: "PATCH", body: "x" }))).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  test("a digest that does not match is refused and the upload can still be finished with the right one", async () => {
    const location = await startUpload();
    await ask(location, { method: "PATCH", body: "hello" });
    const wrong = await ask(`${location}?digest=${sha("other")}`, { method: "PUT" });
    expect([wrong.status, await code(wrong)]).toEqual([400, "DIGEST_INVALID"]);
    expect((await ask(`${location}?digest=${sha("hello")}`, { method: "PUT" })).status).toBe(201);
  });

  const badDigests = [
    "",
    "sha256:",
    "sha256:abc",
    `md5:${"a".repeat(32)}`,
    `sha256:${"A".repeat(64)}`,
    "%00",
  ];
  for (const digest of badDigests) {
    test(`digest ${JSON.stringify(digest)} is refused before the body`, async () => {
      const location = await startUpload();
      for (const [path, method] of [
        [`${location}?digest=${digest}`, "PUT"],
        [`/v2/app/blobs/uploads/?digest=${digest}`, "POST"],
        [`/v2/app/blobs/uploads/?mount=${digest}&from=other`, "POST"],
      ]) {
        expect((await ask(path ?? "", { method: method ?? "", body: "hello" })).status).toBe(400);
      }
      expect((await ask(location)).status).toBe(204);
    });
  }

  test("an unknown algorithm cannot be announced", async () => {
    const response = await ask("/v2/app/blobs/uploads/?digest-algorithm=md5", { method: "POST" });
    expect([response.status, await code(response)]).toEqual([400, "DIGEST_INVALID"]);
  });

  test("a chunk whose Content-Range and length disagree is refused", async () => {
    const location = await startUpload();
    const response = await ask(location, {
      method: "PATCH",
      body: "hello",
      headers: { "content-range": "0-9" },
    });
    expect([response.status, await code(response)]).toEqual([400, "SIZE_INVALID"]);
    expect((await ask(`${location}?digest=${sha("")}`, { method: "PUT" })).status).toBe(201);
  });

  test("a full store refuses in plain words", async () => {
    door.registry = {
      ...door.registry,
      appendToLayerUpload: async () => {
        throw new StorageFull("the store has no room left");
      },
    };
    const location = await startUpload();
    const response = await ask(location, { method: "PATCH", body: "x".repeat(3_000_000) });
    expect(response.status).toBe(507);
    expect(await response.text()).toContain("no room");
  });

  test("a consumer that fails in the middle of a large body does not cut the connection", async () => {
    door.registry = {
      ...door.registry,
      appendToLayerUpload: async (_call, _name, _id, body) => {
        for await (const _ of body) throw new AwsError("RepositoryNotFoundException", "deleted meanwhile");
        return 0;
      },
    };
    const location = await startUpload();
    const response = await ask(location, { method: "PATCH", body: new Uint8Array(8_000_000) });
    expect([response.status, await code(response)]).toEqual([404, "NAME_UNKNOWN"]);
  });

  test("a client that breaks off fails the engine's stream", async () => {
    let failed: () => void = () => {};
    const failure = new Promise<void>((resolve) => {
      failed = resolve;
    });
    door.registry = {
      ...door.registry,
      appendToLayerUpload: async (_call, _name, _id, body) => {
        try {
          for await (const _ of body) {
          }
        } catch (error) {
          failed();
          throw error;
        }
        return 0;
      },
    };
    const location = await startUpload();
    const socket = connect(door.port, "127.0.0.1");
    socket.write(
      `PATCH ${location} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 1000\r\n\r\nhalf`,
    );
    setTimeout(() => socket.destroy(), 50);
    await failure;
  });
});

test("a client that breaks off while nobody reads its body does not bring the server down", async () => {
  let began: () => void = () => {};
  const beginning = new Promise<void>((resolve) => {
    began = resolve;
  });
  door.registry = {
    ...door.registry,
    appendToLayerUpload: async (call) => {
      began();
      await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
      throw new UploadNotFound("gone");
    },
  };
  const location = await startUpload();
  const socket = connect(door.port, "127.0.0.1");
  socket.write(
    `PATCH ${location} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: 1000\r\n\r\nhalf`,
  );
  await beginning;
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await ask("/v2/")).status).toBe(200);
});

describe("mounting", () => {
  test("from a named repository, or from wherever it is", async () => {
    const digest = await pushBlob("shared", "other");
    for (const query of [`mount=${digest}&from=other`, `mount=${digest}`]) {
      const response = await ask(`/v2/app/blobs/uploads/?${query}`, { method: "POST" });
      expect(response.status).toBe(201);
      expect(response.headers.get("location")).toBe(`/v2/app/blobs/${digest}`);
      expect((await ask(`/v2/app/blobs/${digest}`, { method: "DELETE" })).status).toBe(202);
    }
  });

  test("what cannot be mounted can be uploaded", async () => {
    const response = await ask(`/v2/app/blobs/uploads/?mount=${sha("nowhere")}&from=other`, {
      method: "POST",
    });
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toContain("/v2/app/blobs/uploads/");
  });

  test("a source that cannot be a repository is refused", async () => {
    const response = await ask(`/v2/app/blobs/uploads/?mount=${sha("x")}&from=../other`, { method: "POST" });
    expect([response.status, await code(response)]).toEqual([400, "NAME_INVALID"]);
  });
});
