import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { imageManifest, type RegistryClient, sha256 } from "./registry-client.ts";

/** A server may refuse for now what it cannot do; everything else that is not a success fails the test. */
const FOR_NOW = /: 503 /;
const CUT = /ECONN|socket|hang up|EPIPE/i;

/** What servers said they have: pushes images and writes down each acknowledgement that a client has read. */
export class PushLedger {
  readonly layers = new Map<string, Buffer>();
  readonly manifests = new Map<string, Buffer>();
  readonly #repository: string;

  constructor(repository: string) {
    this.#repository = repository;
  }

  /**
   * Pushes images of two layers. `whenCut` says what a broken connection means; a refusal for now (503) means to try
   * the next image. Ends when `stopped`.
   */
  async push(
    client: RegistryClient,
    prefix: string,
    whenCut: "end" | "go on",
    stopped: () => boolean = () => false,
  ): Promise<void> {
    for (let image = 0; !stopped(); image++) {
      try {
        await this.#pushImage(client, `${prefix}-${image}`);
      } catch (error) {
        const text = error instanceof Error ? `${error.name} ${error.message}` : "";
        if (CUT.test(text) && whenCut === "end") return;
        if (!CUT.test(text) && !FOR_NOW.test(text)) throw error;
      }
    }
  }

  async #pushImage(client: RegistryClient, tag: string): Promise<void> {
    const layers = [randomBytes(300), randomBytes(20_000 + Math.floor(Math.random() * 200_000))];
    for (const layer of layers) this.layers.set(await client.pushLayer(this.#repository, layer), layer);
    const contents = layers.map((layer) => ({ digest: sha256(layer), size: layer.length }));
    const manifest = imageManifest(contents[0] ?? { digest: "", size: 0 }, contents.slice(1));
    const answer = await client.putManifest(this.#repository, tag, manifest);
    if (answer.status !== 201) throw new Error(`PUT manifest: ${answer.status} ${answer.body}`);
    this.manifests.set(tag, manifest);
  }

  /** Reads every manifest and layer and compares it with what was pushed. */
  async expectAllServed(client: RegistryClient): Promise<void> {
    const things = [
      ...[...this.manifests].map(([tag, bytes]) => ({ path: `manifests/${tag}`, bytes })),
      ...[...this.layers].map(([digest, bytes]) => ({ path: `blobs/${digest}`, bytes })),
    ];
    const missing: string[] = [];
    const read = async () => {
      for (let thing = things.pop(); thing !== undefined; thing = things.pop()) {
        const answer = await client.send("GET", `/v2/${this.#repository}/${thing.path}`);
        if (answer.status !== 200 || !answer.body.equals(thing.bytes)) {
          missing.push(`${thing.path}: ${answer.status}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, read));
    expect(missing).toEqual([]);
  }
}
