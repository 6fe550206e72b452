import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, type RawRequest, sendRaw } from "./raw-client.ts";

/**
 * A server with one image that strangers and broken clients work on. After each of their requests the image, its
 * tags and the catalog must be what they were.
 */
export interface VictimRegistry {
  readonly server: RunningServer;
  readonly authorization: string;
  /** The manifest under the tag `good`. */
  readonly manifest: string;
  /** Its only layer. */
  readonly layer: string;
  /** With good credentials, unless the request brings its own. */
  ask(request: RawRequest): Promise<RawAnswer>;
  startUpload(): Promise<string>;
}

export const REPOSITORY = "team/victim";
export const IMAGE_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const MEBIBYTE: number = 1024 * 1024;

/** Starts and stops with the file that calls it. */
export function startVictimRegistry(): VictimRegistry {
  let server: RunningServer | undefined;
  const victim = {
    authorization: "",
    manifest: "",
    layer: sha256("a layer"),
    get server(): RunningServer {
      if (server === undefined) throw new Error("the server is not started yet");
      return server;
    },
    ask: (request: RawRequest): Promise<RawAnswer> =>
      sendRaw(victim.server.port, {
        ...request,
        headers: { Authorization: victim.authorization, ...request.headers },
      }),
    async startUpload(): Promise<string> {
      const started = await victim.ask({ method: "POST", target: path("blobs/uploads/") });
      expect(started.status).toBe(202);
      return started.headers.get("location") ?? "";
    },
  };

  beforeAll(async () => {
    server = await RunningServer.start({ args: ["--domain", "registry.test", "--log-level", "error"] });
    victim.authorization = basic("AWS", await server.registryPassword());
    for (const name of [REPOSITORY, "other"]) {
      await server.aws(["ecr", "create-repository", "--repository-name", name]);
    }
    for (const bytes of ["a layer", "{}"]) {
      const target = path(`blobs/uploads/?digest=${sha256(bytes)}`);
      expect((await victim.ask({ method: "POST", target, body: bytes })).status).toBe(201);
    }
    victim.manifest = image();
    const pushed = await victim.ask({
      method: "PUT",
      target: path("manifests/good"),
      body: victim.manifest,
      headers: { "Content-Type": IMAGE_TYPE },
    });
    expect(pushed.status).toBe(201);
  });

  afterAll(async () => {
    await server?.stop();
  });

  afterEach(async () => {
    const pulled = await victim.ask({ target: path("manifests/good") });
    expect([pulled.status, pulled.body]).toEqual([200, victim.manifest]);
    const tags = await victim.ask({ target: path("tags/list") });
    expect(JSON.parse(tags.body)).toEqual({ name: REPOSITORY, tags: ["good"] });
    const catalog = await victim.ask({ target: "/v2/_catalog" });
    expect(JSON.parse(catalog.body)).toEqual({ repositories: ["other", REPOSITORY] });
  });

  return victim;
}

export const path = (rest: string): string => `/v2/${REPOSITORY}/${rest}`;

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The code of an error document; throws when it is none. */
export function codeOf(answer: RawAnswer): string {
  return JSON.parse(answer.body).errors[0].code;
}

/** A manifest over blobs that are there, with `fields` over its own. */
export function image(fields: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE_TYPE,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256("{}"), size: 2 },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: sha256("a layer"), size: 7 }],
    ...fields,
  });
}
