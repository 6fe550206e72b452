import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { pino } from "pino";
import { memoryRegistry } from "../../../test/memory-registry.ts";
import { AwsError } from "../../aws/errors.ts";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../../aws/names.ts";
import type { RegistryTokenHolder } from "../../identity/registry-token.ts";
import type { HostNames } from "../../server/door.ts";
import type { Registry } from "../../services/ecr/engine.ts";
import { ManifestInvalid } from "../../services/ecr/index.ts";
import { BlobMissing, StorageFull, UploadNotFound } from "../../storage/blobs/errors.ts";
import { registryDoor } from "./index.ts";

const account = parseAccountId("123456789012") as AccountId;
const region = parseRegion("us-east-1") as Region;
const holder: RegistryTokenHolder = {
  principal: {
    kind: "root",
    account,
    arn: "arn:aws:iam::123456789012:root",
    userId: account,
    accessKeyId: "A",
  },
  account,
  region,
  expiresAt: new Date("2100-01-01"),
};
const authorization = basic("AWS", "token");

let registry: Registry;
let host: HostNames = {};
let server: Server;
let base: string;

beforeAll(async () => {
  const log = pino({ level: "silent" });
  server = createServer((request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    // As the server does after an answer: what is left of a body is read away.
    response.on("finish", () => request.resume());
    void registryDoor({
      registry,
      verifyRegistryToken: async (token, now) =>
        token === "token" || (token === "old" && now.getTime() === 0) ? holder : undefined,
    })(request, response, {
      requestId: randomUUID(),
      receivedAt: new Date(),
      signal: gone.signal,
      log,
      host,
      sourceIp: "127.0.0.1",
      secure: false,
      baseUrl: `http://${request.headers.host}`,
      note() {},
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  registry = memoryRegistry(["app", "other", "team/app"]);
  host = {};
});

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
  return fetch(base + path, { redirect: "manual", ...init, headers: { authorization, ...init.headers } });
}

function sha(bytes: string | Uint8Array, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

async function code(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  expect(response.headers.get("content-type")).toBe("application/json");
  return errors.map((error) => error.code).join();
}

async function pushBlob(bytes: string | Uint8Array, name = "app"): Promise<string> {
  const digest = sha(bytes);
  const response = await ask(`/v2/${name}/blobs/uploads/?digest=${digest}`, { method: "POST", body: bytes });
  expect(response.status).toBe(201);
  return digest;
}

async function startUpload(): Promise<string> {
  const response = await ask("/v2/app/blobs/uploads/", { method: "POST" });
  expect(response.status).toBe(202);
  return response.headers.get("location") ?? "";
}

function manifest(fields: object): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: manifestType, ...fields });
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

function putManifest(reference: string, body: string): Promise<Response> {
  return ask(`/v2/app/manifests/${reference}`, {
    method: "PUT",
    body,
    headers: { "content-type": `${manifestType}; charset=utf-8` },
  });
}

describe("who may come in", () => {
  test("without credentials: ECR's challenge and its plain words", async () => {
    const response = await fetch(`${base}/v2/`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Basic realm="${base}/",service="ecr.amazonaws.com"`,
    );
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect((await response.text()).trim()).toBe("Not Authorized");
  });

  const refused: readonly (readonly [what: string, header: string])[] = [
    ["another user name", basic("aws", "token")],
    ["a wrong token", basic("AWS", "other")],
    ["no colon", `Basic ${Buffer.from("AWS").toString("base64")}`],
    ["a bearer token", "Bearer token"],
    ["no base64", "Basic ???"],
    ["an endless header", basic("AWS", "x".repeat(9000))],
  ];
  for (const [what, header] of refused) {
    test(`${what} is not let in`, async () => {
      for (const path of ["/v2/", "/v2/app/tags/list", "/v2/nothing/at/all"]) {
        expect((await fetch(base + path, { headers: { authorization: header } })).status).toBe(401);
      }
    });
  }

  test("an expired token is told apart, in ECR's words", async () => {
    const response = await fetch(`${base}/v2/`, { headers: { authorization: basic("AWS", "old") } });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain(
      "Your authorization token has expired. Reauthenticate and try again.",
    );
  });

  test("the challenge does not let a host name out of its quotes", async () => {
    const answer = await raw(`GET /v2/ HTTP/1.1\r\nHost: a",evil="b\r\nConnection: close\r\n\r\n`);
    if (answer.startsWith("HTTP/1.1 400")) return; // the runtime refused it before us
    expect(answer).toContain('Basic realm="http://a,evil=b/",service="ecr.amazonaws.com"');
  });

  test("a good token in another region's host is refused with the reason", async () => {
    const other = parseRegion("eu-west-1");
    host = other ? { region: other } : {};
    const response = await ask("/v2/");
    expect(response.status).toBe(403);
    expect(await response.text()).toContain("us-east-1");
  });

  test("in a host of another account the caller stays who he is and that account's repositories are meant", async () => {
    const other = parseAccountId("111122223333");
    host = other ? { account: other, region } : {};
    let seen = "";
    registry = {
      ...registry,
      listTags: async (call) => {
        seen = `${call.principal.account} in ${call.account}`;
        throw new AwsError("AccessDeniedException", "not authorized to perform: ecr:ListImages");
      },
    };
    const response = await ask("/v2/app/tags/list");
    expect(response.status).toBe(403);
    expect(await code(response)).toBe("DENIED");
    expect(seen).toBe("123456789012 in 111122223333");
  });
});

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
    registry = {
      ...registry,
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
    registry = {
      ...registry,
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
    registry = {
      ...registry,
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
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
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
  registry = {
    ...registry,
    appendToLayerUpload: async (call) => {
      began();
      await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
      throw new UploadNotFound("gone");
    },
  };
  const location = await startUpload();
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
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

describe("pulling blobs", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

  async function ranged(header: string, more: Record<string, string> = {}): Promise<Response> {
    const digest = await pushBlob(bytes);
    return ask(`/v2/app/blobs/${digest}`, { headers: { range: header, ...more } });
  }

  test("a range is answered in part", async () => {
    const response = await ranged("bytes=10-19");
    expect([response.status, response.headers.get("content-range")]).toEqual([206, "bytes 10-19/1000"]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(10, 20));
  });

  test("a range outside is 416 and tells the size", async () => {
    const response = await ranged("bytes=1000-");
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */1000"]);
  });

  test("several ranges come as multipart/byteranges of the announced length", async () => {
    const response = await ranged("bytes=900-909,0-4");
    expect(response.status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(
      response.headers.get("content-type") ?? "",
    )?.[1];
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-length")).toBe(String(body.length));
    const parts = body.toString("latin1").split(`\r\n--${boundary}`);
    expect(parts.length).toBe(4);
    expect(parts[1]).toContain("Content-Range: bytes 900-909/1000\r\n\r\n");
    expect(Buffer.from(parts[2]?.split("\r\n\r\n")[1] ?? "", "latin1")).toEqual(
      Buffer.from(bytes.slice(0, 5)),
    );
    expect(parts[3]).toBe("--\r\n");
  });

  test("If-Range lets a range count only for the same bytes", async () => {
    expect((await ranged("bytes=0-9", { "if-range": `"${sha(bytes)}"` })).status).toBe(206);
    expect((await ranged("bytes=0-9", { "if-range": '"sha256:other"' })).status).toBe(200);
  });

  test("what the client has already is not sent again", async () => {
    const digest = await pushBlob(bytes);
    expect(
      (await ask(`/v2/app/blobs/${digest}`, { headers: { "if-none-match": `"${digest}"` } })).status,
    ).toBe(304);
  });

  test("a missing blob is BLOB_UNKNOWN, without a body for HEAD", async () => {
    expect(await code(await ask(`/v2/app/blobs/${sha("nothing")}`))).toBe("BLOB_UNKNOWN");
    const head = await raw(
      `HEAD /v2/app/blobs/${sha("nothing")} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    expect(head).toStartWith("HTTP/1.1 404");
    expect(head).toEndWith("\r\n\r\n");
  });

  test("a blob that breaks off in the middle is a failed transfer, not a short one", async () => {
    const digest = await pushBlob(bytes);
    const { getLayer } = registry;
    registry = {
      ...registry,
      getLayer: async (...args) => ({
        ...(await getLayer(...args)),
        open: async () =>
          Readable.from(
            (function* () {
              yield Buffer.alloc(500);
              throw new BlobMissing("the file ends at byte 500");
            })(),
          ),
      }),
    };
    for (const range of ["", "Range: bytes=0-599,600-999\r\n"]) {
      const answer = await raw(
        `GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n${range}Authorization: ${authorization}\r\n\r\n`,
      );
      const announced = Number(/^content-length: (\d+)/im.exec(answer)?.[1]);
      expect(announced).toBeGreaterThanOrEqual(1000);
      // Cut by the server, though the connection was to be kept.
      expect(answer.length - answer.indexOf("\r\n\r\n") - 4).toBeLessThan(announced);
    }
  });

  test("damage is an error of ours, never a success and never told in detail", async () => {
    const digest = await pushBlob(bytes);
    const { getLayer } = registry;
    registry = {
      ...registry,
      getLayer: async (...args) => ({
        ...(await getLayer(...args)),
        open: async () => {
          throw new BlobMissing("/secret/path");
        },
      }),
    };
    const response = await ask(`/v2/app/blobs/${digest}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });
});

describe("manifests", () => {
  test("come back in the bytes and type they were pushed with, by tag and digest", async () => {
    const body = manifest({ config: { mediaType: "x/y" }, layers: [], "  spaces": "  kept " });
    const put = await putManifest("v1", body);
    expect(put.status).toBe(201);
    expect(put.headers.get("location")).toBe(`/v2/app/manifests/${sha(body)}`);
    for (const reference of ["v1", sha(body)]) {
      const got = await ask(`/v2/app/manifests/${reference}`);
      expect(await got.text()).toBe(body);
      expect(got.headers.get("content-type")).toBe(manifestType);
      expect(got.headers.get("docker-content-digest")).toBe(sha(body));
      const head = await ask(`/v2/app/manifests/${reference}`, { method: "HEAD" });
      expect(head.headers.get("content-length")).toBe(String(body.length));
    }
  });

  test("the engine hears what the client understands", async () => {
    const heard: unknown[] = [];
    const { getManifest } = registry;
    registry = {
      ...registry,
      getManifest: (call, name, reference, countAsPull, accepted) => {
        heard.push(accepted);
        return getManifest(call, name, reference, countAsPull);
      },
    };
    await putManifest("v1", manifest({}));
    for (const accept of ["a/b;q=0.5, c/d+json ,e/f", "a/b, */*", "application/*"]) {
      await ask("/v2/app/manifests/v1", { headers: { accept } });
    }
    expect(heard).toEqual([["a/b", "c/d+json", "e/f"], undefined, undefined]);
  });

  test("only a GET counts as a pull", async () => {
    const pulls: boolean[] = [];
    const { getManifest } = registry;
    registry = {
      ...registry,
      getManifest: (call, name, reference, countAsPull) => {
        pulls.push(countAsPull);
        return getManifest(call, name, reference, countAsPull);
      },
    };
    await putManifest("v1", manifest({}));
    await ask("/v2/app/manifests/v1", { method: "HEAD" });
    await ask("/v2/app/manifests/v1");
    expect(pulls).toEqual([false, true]);
  });

  test("by digest with tags: each accepted tag is named and works", async () => {
    const body = manifest({ n: 1 });
    const put = await putManifest(`${sha(body)}?tag=1.2.3&tag=1.2&tag=latest`, body);
    expect(put.headers.get("oci-tag")).toBe("1.2.3, 1.2, latest");
    expect((await ask("/v2/app/manifests/1.2", { method: "HEAD" })).status).toBe(200);
    expect((await putManifest(`${sha(body)}?tag=${"%20"}`, body)).status).toBe(400);
    expect((await putManifest(`${sha(body)}?${"tag=a&".repeat(101)}`, body)).status).toBe(414);
  });

  test("with a subject say so", async () => {
    const subject = sha("whatever");
    const put = await putManifest("sig", manifest({ subject: { digest: subject } }));
    expect(put.headers.get("oci-subject")).toBe(subject);
  });

  test("may have 4 MiB and not one byte more", async () => {
    const limit = 4 * 1024 * 1024;
    const fits = manifest({ a: "x".repeat(limit - manifest({ a: "" }).length) });
    expect((await putManifest("big", fits)).status).toBe(201);
    const response = await putManifest("bigger", `${fits} `);
    expect([response.status, await code(response)]).toEqual([413, "SIZE_INVALID"]);
    const unannounced = await raw(
      [
        "PUT /v2/app/manifests/bigger HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
        `Authorization: ${authorization}\r\nTransfer-Encoding: chunked\r\n\r\n`,
        `${(limit + 1).toString(16)}\r\n${fits} \r\n0\r\n\r\n`,
      ].join(""),
    );
    expect(unannounced).toStartWith("HTTP/1.1 413");
  });

  for (const reference of [
    "-a",
    ".a",
    "a b",
    "a".repeat(129),
    "a%2fb",
    "sha256:abc",
    "sha999:abc",
    "a@b",
    "%00",
  ]) {
    test(`reference ${JSON.stringify(reference.slice(0, 20))} is refused`, async () => {
      expect((await ask(`/v2/app/manifests/${reference}`)).status).toBe(400);
      expect((await putManifest(reference, manifest({}))).status).toBe(400);
      expect((await ask(`/v2/app/manifests/${reference}`, { method: "DELETE" })).status).toBe(400);
    });
  }

  test("one that the engine does not accept is MANIFEST_INVALID, with the reason", async () => {
    registry = {
      ...registry,
      putManifest: async () => {
        throw new ManifestInvalid("nested deeper than 32 levels");
      },
    };
    const response = await putManifest("v1", "[[[[");
    const [error] = JSON.parse(await response.text()).errors;
    expect([response.status, error.code]).toEqual([400, "MANIFEST_INVALID"]);
    expect(error.message).toContain("nested deeper");
  });

  test("errors of the engine carry its words and the specification's codes", async () => {
    const cases: readonly (readonly [error: string, status: number, code: string])[] = [
      ["RepositoryNotFoundException", 404, "NAME_UNKNOWN"],
      ["LayersNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"],
      ["ReferencedImagesNotFoundException", 404, "MANIFEST_BLOB_UNKNOWN"],
      ["ImageTagAlreadyExistsException", 400, "TAG_INVALID"],
      ["InvalidParameterException", 400, "NAME_INVALID"],
      ["ImageReferencedByManifestList", 400, "DENIED"],
      ["ImageDigestDoesNotMatchException", 400, "DIGEST_INVALID"],
      ["LimitExceededException", 403, "DENIED"],
      ["AccessDeniedException", 403, "DENIED"],
      ["ThrottlingException", 429, "TOOMANYREQUESTS"],
      ["SomethingNewException", 400, "UNSUPPORTED"],
    ];
    for (const [name, status, expected] of cases) {
      registry = {
        ...registry,
        putManifest: async () => {
          throw new AwsError(name, `the words of ${name}`);
        },
      };
      const response = await putManifest("v1", manifest({}));
      const text = await response.text();
      expect([response.status, JSON.parse(text).errors[0]]).toEqual([
        status,
        { code: expected, message: `the words of ${name}` },
      ]);
    }
  });
});

describe("lists", () => {
  test("tags come in pages that lead to each other, from any starting point", async () => {
    for (const tag of ["a", "b", "c", "d", "e"]) await putManifest(tag, manifest({}));
    const seen: string[][] = [];
    let next: string | undefined = "/v2/app/tags/list?n=2";
    while (next !== undefined) {
      const response: Response = await ask(next);
      seen.push(((await response.json()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(await (await ask("/v2/app/tags/list?last=bb")).json()).toEqual({
      name: "app",
      tags: ["c", "d", "e"],
    });
  });

  test("n=0 is an empty list without a link, still of a repository that exists", async () => {
    await putManifest("a", manifest({}));
    const response = await ask("/v2/app/tags/list?n=0");
    expect([await response.json(), response.headers.get("link")]).toEqual([{ name: "app", tags: [] }, null]);
    expect((await ask("/v2/nothing/tags/list?n=0")).status).toBe(404);
  });

  for (const n of ["-1", "x", "1.5", "", "1e3", "9".repeat(400)]) {
    test(`n=${n.slice(0, 10)} is refused`, async () => {
      expect((await ask(`/v2/app/tags/list?n=${n}`)).status).toBe(400);
    });
  }

  test("the catalog has every repository", async () => {
    expect(await (await ask("/v2/_catalog")).json()).toEqual({ repositories: ["app", "other", "team/app"] });
    expect((await ask("/v2/_catalog?n=1")).headers.get("link")).toBe(
      '</v2/_catalog?n=1&last=app>; rel="next"',
    );
  });

  async function referrers(
    next: string | undefined,
  ): Promise<{ pages: number; digests: string[]; applied: string | null }> {
    const digests: string[] = [];
    let pages = 0;
    let applied: string | null = null;
    while (next !== undefined) {
      const response: Response = await ask(next);
      expect(response.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
      applied = response.headers.get("oci-filters-applied");
      const index = (await response.json()) as { manifests: { digest: string }[] };
      digests.push(...index.manifests.map(({ digest }) => digest));
      next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      pages += 1;
    }
    return { pages, digests, applied };
  }

  test("referrers are an index, filtered when asked, in pages bounded by bytes", async () => {
    const subject = { digest: sha("subject") };
    const expected: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const body = manifest({
        subject,
        artifactType: index % 2 ? "a/odd" : "a/even",
        annotations: { x: `${index}`.repeat(900_000) },
      });
      expect((await putManifest(sha(body), body)).status).toBe(201);
      expected.push(sha(body));
    }
    const path = `/v2/app/referrers/${subject.digest}`;
    const all = await referrers(path);
    expect(all.digests.toSorted()).toEqual(expected.toSorted());
    expect([all.pages, all.applied]).toEqual([2, null]);
    const odd = await referrers(`${path}?artifactType=a/odd&n=1`);
    expect([odd.digests.length, odd.pages, odd.applied]).toEqual([3, 3, "artifactType"]);
  });

  test("no referrers is an empty index, never 404; a malformed digest is 400", async () => {
    expect(await (await ask(`/v2/app/referrers/${sha("x")}`)).json()).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    });
    expect((await ask("/v2/app/referrers/sha256:x")).status).toBe(400);
  });
});

describe("anything else", () => {
  test("a method that an endpoint does not have is 405 and names those it has", async () => {
    const response = await ask("/v2/app/tags/list", { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(await code(response)).toBe("UNSUPPORTED");
    expect((await ask("/v2/app/blobs/uploads/", { method: "GET" })).headers.get("allow")).toBe("POST");
  });

  test("a path that is no endpoint is 404", async () => {
    expect((await ask("/v2/app/things/x")).status).toBe(404);
  });

  test("control characters in a query are refused", async () => {
    for (const query of ["last=%00", "last=a%0d%0aX-Evil:1", "last=%ff", "x%00=1"]) {
      expect((await ask(`/v2/app/tags/list?${query}`)).status).toBe(400);
    }
  });
});

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text);
  });
}
