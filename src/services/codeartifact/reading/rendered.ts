/**
 * Documents about packages, rendered and compressed once and kept as long as what they were made of stands: the
 * revisions of graph and package, which other servers raise too and which are read with each request, and the time
 * until which the upstreams' answers are fresh. A hit is one prepared query and a look-up.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzipSync, gzip as gzipCallback } from "node:zlib";
import type { CodeArtifactContext } from "../context.ts";
import type { Packages, PackageView, RenderedDocument, Rendering } from "../engine.ts";
import { ByteBoundedCache } from "./byte-bounded-cache.ts";
import { checkConnections } from "./listings.ts";
import { loadView, type Revisions, readRevisions } from "./view.ts";

interface Entry extends Revisions {
  readonly document: RenderedDocument | undefined;
  readonly bytes: number;
  readonly connections: readonly string[];
  readonly upstreamRevision: string;
  readonly freshUntil: number;
}

/** An entry with its keys, besides the document: measured, roughly. */
const OVERHEAD = 700;

const gzip = promisify(gzipCallback);

/** @param memory bytes for documents; compressed, and those that clients take uncompressed once more */
export function createRendered(context: CodeArtifactContext, memory: number): Packages["rendered"] {
  const cache = new ByteBoundedCache<Entry>(memory);
  const flights = new Map<string, Promise<RenderedDocument | undefined>>();

  return async (repository, format, name, representation, render) => {
    const revisions = await readRevisions(context, repository, format, name);
    if (revisions === undefined) return undefined;
    const key = `${repository.id}\n${format}\n${name.namespace}\n${name.name}\n${representation}`;
    const known = cache.get(key);
    const valid = known?.graph === revisions.graph && known.package === revisions.package ? known : undefined;
    if (valid && context.clock.now().getTime() < valid.freshUntil) return valid.document;

    // Who has read higher revisions must not be given what was begun under lower ones.
    const flight = `${revisions.graph} ${revisions.package} ${key}`;
    const running = flights.get(flight);
    if (running) return running;
    const begun = (async () => {
      if (valid) {
        const upstream = await checkConnections(
          context,
          context.formats.get(format),
          name,
          valid.connections,
        );
        if (upstream.revision === valid.upstreamRevision) {
          cache.set(key, { ...valid, freshUntil: upstream.freshUntil });
          return valid.document;
        }
      }
      const { view, connections, upstream } = await loadView(context, repository, format, name);
      const document = view && (await renderedDocument(view, await render(view)));
      const state = { connections, upstreamRevision: upstream.revision, freshUntil: upstream.freshUntil };
      cache.set(key, { ...revisions, ...state, document, bytes: OVERHEAD + (document?.gzip.length ?? 0) });
      document?.onIdentity((identity) => {
        const entry = cache.get(key);
        if (entry?.document === document) cache.set(key, { ...entry, bytes: entry.bytes + identity.length });
      });
      return document;
    })().finally(() => flights.delete(flight));
    flights.set(flight, begun);
    return begun;
  };
}

class Rendered implements RenderedDocument {
  readonly contentType: string;
  readonly etag: string;
  readonly gzip: Uint8Array;
  readonly size: number;
  readonly stale: boolean;
  #identity: Uint8Array | undefined;
  #whenKept: ((identity: Uint8Array) => void) | undefined;

  constructor(document: Omit<RenderedDocument, "identity">) {
    this.contentType = document.contentType;
    this.etag = document.etag;
    this.gzip = document.gzip;
    this.size = document.size;
    this.stale = document.stale;
  }

  identity(): Uint8Array {
    if (this.#identity) return this.#identity;
    this.#identity = gunzipSync(this.gzip);
    this.#whenKept?.(this.#identity);
    return this.#identity;
  }

  /** Clients that take nothing compressed come again: the text is kept too, and the cache has to know of its bytes. */
  onIdentity(kept: (identity: Uint8Array) => void): void {
    this.#whenKept = kept;
  }
}

async function renderedDocument(
  view: PackageView,
  rendering: Rendering | undefined,
): Promise<Rendered | undefined> {
  if (rendering === undefined) return undefined;
  const body = typeof rendering.body === "string" ? Buffer.from(rendering.body) : rendering.body;
  return new Rendered({
    contentType: rendering.contentType,
    etag: `"${createHash("sha256").update(rendering.contentType).update(body).digest("base64url").slice(0, 27)}"`,
    gzip: await gzip(body, { level: compressionLevel(body.length) }),
    size: body.length,
    stale: view.stale,
  });
}

/** Level 6 of ten megabytes of JSON takes a core for half a second, and level 2 a tenth of that for a fifth more bytes. */
function compressionLevel(bytes: number): number {
  if (bytes < 256 * 1024) return 6;
  return bytes < 2 * 1024 * 1024 ? 4 : 2;
}
