/** The Maven door on a real socket over the real engine, with a Maven repository of this process as its upstream. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { Formats } from "../../../services/codeartifact/formats.ts";
import { createReading } from "../../../services/codeartifact/reading/reading.ts";
import { ACCOUNT, type TestDomain, testDomain } from "../../../services/codeartifact/testing/test-domain.ts";
import { createUpstreams } from "../../../services/codeartifact/upstreams/index.ts";
import { createWriting } from "../../../services/codeartifact/versions/writing.ts";
import { packageDoors } from "../../packages/index.ts";
import { maven, mavenDoor } from "../index.ts";

export interface TestRepository extends AsyncDisposable {
  readonly domain: TestDomain;
  /** What the upstream has, by path; a checksum that is not here is computed. */
  readonly outside: Map<string, string>;
  /** Paths that the upstream was asked for. */
  readonly asked: string[];
  /** `app` over `store`, which takes from the upstream. */
  get(path: string, init?: RequestInit & { readonly repository?: string }): Promise<Response>;
  text(path: string, repository?: string): Promise<string>;
  /** Answers the status. */
  put(path: string, body: string | Uint8Array, repository?: string): Promise<number>;
  /** `1.0 Published lib-1.0.jar lib-1.0.pom`, of every version in `app`. */
  versions(): Promise<readonly string[]>;
}

export async function testRepository(): Promise<TestRepository> {
  const domain = await testDomain();
  await domain.repository("store: public:maven");
  await domain.repository("app: store");
  const outside = new Map<string, string>();
  const asked: string[] = [];
  const upstreamServer = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    asked.push(path);
    const answer = outside.get(path) ?? computedChecksum(outside, path);
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(answer);
  });
  const baseUrl = `${await listening(upstreamServer)}/`;
  const log = pino({ level: "silent" });
  const upstreams = createUpstreams({
    ...domain.context,
    log,
    settings: {
      connections: [{ name: "public:maven", format: "maven", baseUrl }],
      freshSeconds: 60,
      negativeSeconds: 60,
      timeoutSeconds: 5,
      proxyEnvironment: {},
    },
  });
  const context = { ...domain.context, formats: new Formats([maven]), upstreams };
  const { principal } = domain.call();
  const door = packageDoors([mavenDoor()], {
    packages: { ...createReading(context), ...createWriting(context) },
    verifyPackageToken: async (token) =>
      token === "token"
        ? {
            ok: true,
            holder: {
              principal,
              account: ACCOUNT,
              region: domain.call().region,
              domain: "things",
              expiresAt: new Date(),
            },
          }
        : { ok: false, reason: token === "old" ? "expired" : "malformed" },
  });
  const doorServer = createServer((request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    response.on("finish", () => request.resume());
    void door(request, response, {
      requestId: randomUUID(),
      receivedAt: domain.now,
      signal: gone.signal,
      log,
      host: {},
      sourceIp: "127.0.0.1",
      secure: false,
      baseUrl: `http://${request.headers.host}`,
      note() {},
    });
  });
  const endpoint = `${await listening(doorServer)}/-/codeartifact/us-east-1/things-${ACCOUNT}/maven`;
  const ask: TestRepository["get"] = (path, { repository = "app", ...init } = {}) =>
    fetch(`${endpoint}/${repository}/${path}`, {
      ...init,
      headers: { authorization: basic("token"), ...(init.headers as Record<string, string>) },
    });

  return {
    domain,
    outside,
    asked,
    get: ask,
    text: async (path, repository) => (await ask(path, repository ? { repository } : {})).text(),
    async put(path, body, repository) {
      const response = await ask(path, { method: "PUT", body, ...(repository && { repository }) });
      await response.arrayBuffer();
      return response.status;
    },
    async versions() {
      const versions = new Map<string, string[]>();
      for (const row of await domain.rows()) {
        const [repository, , version = "", , status = "", asset = ""] = row.split(" ");
        if (repository !== "app:") continue;
        const key = `${version} ${status}`;
        versions.set(key, [...(versions.get(key) ?? []), asset]);
      }
      return [...versions].map(([version, assets]) => [version, ...assets].join(" "));
    },
    async [Symbol.asyncDispose]() {
      for (const server of [doorServer, upstreamServer]) {
        server.closeAllConnections();
        server.close();
      }
      await upstreams.close();
      await domain[Symbol.asyncDispose]();
    },
  };
}

export function basic(password: string): string {
  return `Basic ${Buffer.from(`aws:${password}`).toString("base64")}`;
}

export function hash(algorithm: string, text: string | Uint8Array): string {
  return createHash(algorithm).update(text).digest("hex");
}

function computedChecksum(outside: ReadonlyMap<string, string>, path: string): string | undefined {
  const [, file = "", algorithm = ""] = /^(.*)\.(sha1|md5)$/.exec(path) ?? [];
  const content = outside.get(file);
  return content === undefined ? undefined : hash(algorithm, content);
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A POM with nothing but its coordinates. */
export function pom(version: string, more = ""): string {
  return `<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>lib</artifactId><version>${version}</version>${more}</project>`;
}

/** An artifact's metadata as a client puts it. */
export function metadata(...versions: readonly string[]): string {
  const named = versions.map((version) => `<version>${version}</version>`).join("");
  return `<metadata><groupId>org.example</groupId><artifactId>lib</artifactId><versioning><release>${versions.at(-1)}</release><versions>${named}</versions></versioning></metadata>`;
}

/** A snapshot's metadata as a client puts it. */
export function snapshot(version: string, timestamp: string, buildNumber: number): string {
  return `<metadata><groupId>org.example</groupId><artifactId>lib</artifactId><version>${version}</version><versioning><snapshot><timestamp>${timestamp}</timestamp><buildNumber>${buildNumber}</buildNumber></snapshot></versioning></metadata>`;
}
