/** A public registry and a public index in this process, which can go away and come back at the same address. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { digest, manifestOf, wheelName } from "./local-packages.ts";

export class LocalUpstream {
  /** Tarballs by package and version. */
  readonly npm = new Map<string, Map<string, Buffer>>();
  /** Wheels, the same. */
  readonly pypi = new Map<string, Map<string, Buffer>>();
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  /** Milliseconds between pieces of a file: as from a slow upstream. */
  pause = 0;
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<LocalUpstream> {
    const upstream = new LocalUpstream();
    await upstream.comeBack();
    return upstream;
  }

  /** For `serve`: both public connections lead here. */
  get args(): readonly string[] {
    return ["npmjs", "pypi"].flatMap((name) => ["--upstream", `public:${name}=${this.#base}${name}/`]);
  }

  addNpm(name: string, version: string, tarball: Buffer): void {
    this.npm.set(name, (this.npm.get(name) ?? new Map()).set(version, tarball));
  }

  addPypi(name: string, version: string, wheel: Buffer): void {
    this.pypi.set(name, (this.pypi.get(name) ?? new Map()).set(version, wheel));
  }

  count(path: string): number {
    return this.requests.filter((each) => each === path).length;
  }

  async comeBack(): Promise<void> {
    const server = createServer((request, response) => {
      this.requests.push(request.url ?? "");
      this.#answer(request.url ?? "", response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Nobody listens any more, and what is under way is cut. */
  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  get #base(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  async #answer(path: string, response: ServerResponse): Promise<void> {
    const [, kind, name = "", ...rest] = path.split("/");
    const file = rest.at(-1) ?? "";
    if (kind === "npmjs") {
      const versions = this.npm.get(decodeURIComponent(name));
      if (file === "") return send(response, "application/json", versions && this.#packument(name, versions));
      return this.#sendFile(response, versions?.get(file.replace(/^.*-|\.tgz$/g, "")));
    }
    const versions = this.pypi.get(name);
    if (file === "") {
      const page = versions && this.#page(name, versions);
      return send(response, "application/vnd.pypi.simple.v1+json", page);
    }
    return this.#sendFile(response, versions?.get(file.split("-")[1] ?? ""));
  }

  #packument(name: string, versions: ReadonlyMap<string, Buffer>): object {
    const manifests = [...versions].map(([version, tarball]) => {
      const url = `${this.#base}npmjs/${name}/-/${name}-${version}.tgz`;
      return [version, manifestOf(name, version, tarball, url)] as const;
    });
    return { name, "dist-tags": { latest: manifests.at(-1)?.[0] }, versions: Object.fromEntries(manifests) };
  }

  #page(name: string, versions: ReadonlyMap<string, Buffer>): object {
    const files = [...versions].map(([version, wheel]) => ({
      filename: wheelName(name, version),
      url: `${this.#base}pypi/${name}/files/${wheelName(name, version)}`,
      hashes: { sha256: digest("sha256", wheel).toString("hex") },
      size: wheel.length,
    }));
    return { meta: { "api-version": "1.1" }, name, versions: [...versions.keys()], files };
  }

  async #sendFile(response: ServerResponse, bytes: Buffer | undefined): Promise<void> {
    if (bytes === undefined) return send(response, "text/plain", undefined);
    response.writeHead(200, { "content-length": bytes.length });
    if (this.pause === 0) {
      response.end(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += 65_536) {
      response.write(bytes.subarray(at, at + 65_536));
      await sleep(this.pause);
    }
    response.end();
  }
}

function send(response: ServerResponse, contentType: string, document: object | undefined): void {
  response.writeHead(document ? 200 : 404, { "content-type": contentType });
  response.end(document ? JSON.stringify(document) : "not found");
}
