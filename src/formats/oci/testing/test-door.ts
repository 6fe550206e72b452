import { afterAll, beforeAll, beforeEach, expect } from "bun:test";
import { createHash, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pino } from "pino";
import { memoryRegistry } from "../../../../test/memory-registry.ts";
import { type AccountId, parseAccountId, parseRegion, type Region } from "../../../aws/names.ts";
import type { RegistryTokenHolder } from "../../../identity/registry-token.ts";
import type { HostNames } from "../../../server/door.ts";
import type { Registry } from "../../../services/ecr/engine.ts";
import { registryDoor } from "../index.ts";

const ACCOUNT = parseAccountId("123456789012") as AccountId;
export const REGION = parseRegion("us-east-1") as Region;

const holder: RegistryTokenHolder = {
  principal: {
    kind: "root",
    account: ACCOUNT,
    arn: "arn:aws:iam::123456789012:root",
    userId: ACCOUNT,
    accessKeyId: "A",
  },
  account: ACCOUNT,
  region: REGION,
  expiresAt: new Date("2100-01-01"),
};

export const authorization: string = basic("AWS", "token");

/** The door on a real socket over a registry in memory, fresh for each test; tests may put another in its place. */
export interface TestDoor {
  registry: Registry;
  /** What the host name says; nothing unless the test sets it. */
  host: HostNames;
  readonly base: string;
  readonly port: number;
}

/** `token` is good, `old` was good once. Starts and stops with the file that calls it. */
export function startTestDoor(): TestDoor {
  const log = pino({ level: "silent" });
  let server: Server;
  const door = {
    registry: memoryRegistry([]),
    host: {},
    get port() {
      return (server.address() as AddressInfo).port;
    },
    get base() {
      return `http://127.0.0.1:${this.port}`;
    },
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      // As the server does after an answer: what is left of a body is read away.
      response.on("finish", () => request.resume());
      void registryDoor({
        registry: door.registry,
        verifyRegistryToken: async (token, now) =>
          token === "token" || (token === "old" && now.getTime() === 0) ? holder : undefined,
      })(request, response, {
        requestId: randomUUID(),
        receivedAt: new Date(),
        signal: gone.signal,
        log,
        host: door.host,
        sourceIp: "127.0.0.1",
        secure: false,
        baseUrl: `http://${request.headers.host}`,
        note() {},
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    door.registry = memoryRegistry(["app", "other", "team/app"]);
    door.host = {};
  });
  return door;
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

export function sha(bytes: string | Uint8Array, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** The code of an error document. */
export async function code(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  expect(response.headers.get("content-type")).toBe("application/json");
  return errors.map((error) => error.code).join();
}

export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

export function manifest(fields: object): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, ...fields });
}

type Ask = RequestInit & { headers?: Record<string, string> };

/** What a well-behaved client does, against that door. */
export function clientOf(door: TestDoor) {
  const ask = (path: string, init: Ask = {}): Promise<Response> =>
    fetch(door.base + path, {
      redirect: "manual",
      ...init,
      headers: { authorization, ...init.headers },
    });
  return {
    ask,
    async pushBlob(bytes: string | Uint8Array, name = "app"): Promise<string> {
      const digest = sha(bytes);
      const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
      expect((await ask(path, { method: "POST", body: bytes })).status).toBe(201);
      return digest;
    },
    async startUpload(): Promise<string> {
      const response = await ask("/v2/app/blobs/uploads/", { method: "POST" });
      expect(response.status).toBe(202);
      return response.headers.get("location") ?? "";
    },
    putManifest: (reference: string, body: string): Promise<Response> =>
      ask(`/v2/app/manifests/${reference}`, {
        method: "PUT",
        body,
        headers: { "content-type": `${MANIFEST_TYPE}; charset=utf-8` },
      }),
    /** Sends these bytes and resolves to everything that came back until the connection closed. */
    raw: (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(door.port, "127.0.0.1");
        let answer = "";
        socket.setEncoding("latin1").on("data", (chunk: string) => {
          answer += chunk;
        });
        socket.on("close", () => resolve(answer));
        socket.on("error", reject);
        socket.write(text);
      }),
  };
}
