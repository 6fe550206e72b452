import { createHash, randomBytes } from "node:crypto";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * A plain registry client for the tests that count requests and cut connections: it shows each status and
 * never retries, which the real clients of test/clients/ do.
 */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class RegistryClient {
  readonly #url: string;
  readonly #authorization: string;
  readonly #agent = new Agent({ keepAlive: true });

  /** @param password a registry token, as GetAuthorizationToken gives it after `AWS:` */
  constructor(url: string, password: string) {
    this.#url = url;
    this.#authorization = `Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`;
  }

  close(): void {
    this.#agent.destroy();
  }

  async send(
    method: string,
    path: string,
    options: { headers?: Record<string, string>; body?: Uint8Array | Readable } = {},
  ): Promise<Answer> {
    const target = path.startsWith("http") ? path : `${this.#url}${path}`;
    const headers: Record<string, string> = { authorization: this.#authorization, ...options.headers };
    if (options.body instanceof Uint8Array) headers["content-length"] = String(options.body.length);
    return new Promise((resolve, reject) => {
      const request = httpRequest(target, { method, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      request.on("error", reject);
      if (options.body instanceof Readable) pipeline(options.body, request).catch(reject);
      else request.end(options.body);
    });
  }

  /** Begins an upload; returns its location. */
  async startUpload(repository: string): Promise<string> {
    const answer = await this.send("POST", `/v2/${repository}/blobs/uploads/`, {
      headers: { "content-length": "0" },
    });
    if (answer.status !== 202) throw new Error(`POST upload: ${answer.status} ${answer.body}`);
    return String(answer.headers.location);
  }

  /** Appends to an upload in one PATCH, as docker does (no Content-Range). */
  async patch(location: string, body: Uint8Array | Readable): Promise<Answer> {
    return this.send("PATCH", location, { headers: { "content-type": "application/octet-stream" }, body });
  }

  async finish(location: string, digest: string): Promise<Answer> {
    const separator = location.includes("?") ? "&" : "?";
    return this.send("PUT", `${location}${separator}digest=${digest}`, {
      headers: { "content-length": "0" },
    });
  }

  /** POST, PATCH, PUT of one layer; resolves only when the server has acknowledged it. */
  async pushLayer(repository: string, bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes);
    const location = await this.startUpload(repository);
    const patched = await this.patch(location, bytes);
    if (patched.status !== 202) throw new Error(`PATCH: ${patched.status} ${patched.body}`);
    const finished = await this.finish(String(patched.headers.location ?? location), digest);
    if (finished.status !== 201) throw new Error(`PUT: ${finished.status} ${finished.body}`);
    return digest;
  }

  async putManifest(repository: string, tag: string, manifest: Uint8Array): Promise<Answer> {
    return this.send("PUT", `/v2/${repository}/manifests/${tag}`, {
      headers: { "content-type": MANIFEST },
      body: manifest,
    });
  }

  /** A whole image of the given layers under a tag; returns the manifest's digest. */
  async pushImage(repository: string, tag: string, layers: readonly Uint8Array[]): Promise<string> {
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", tag }));
    const digests = await Promise.all([config, ...layers].map((bytes) => this.pushLayer(repository, bytes)));
    const manifest = imageManifest(
      { digest: digests[0] ?? "", size: config.length },
      layers.map((layer, index) => ({ digest: digests[index + 1] ?? "", size: layer.length })),
    );
    const answer = await this.putManifest(repository, tag, manifest);
    if (answer.status !== 201) throw new Error(`PUT manifest: ${answer.status} ${answer.body}`);
    return sha256(manifest);
  }
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

interface Content {
  readonly digest: string;
  readonly size: number;
}

export function imageManifest(config: Content, layers: readonly Content[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: layers.map((layer) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer })),
    }),
  );
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A stream of `size` bytes that repeats one random block, with its digest known once it has been read. */
export function randomStream(size: number): { stream: Readable; digest: () => string } {
  const block = randomBytes(1024 * 1024);
  const hash = createHash("sha256");
  let left = size;
  const stream = new Readable({
    highWaterMark: 4 * block.length,
    read() {
      if (left === 0) {
        this.push(null);
        return;
      }
      const chunk = left >= block.length ? block : block.subarray(0, left);
      left -= chunk.length;
      hash.update(chunk);
      this.push(chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.copy().digest("hex")}` };
}
