/** Documents about packages: rendered and compressed once for all who ask, until something of the package changes. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzipSync, gzip as gzipCallback } from "node:zlib";
import type { PackageView, RenderedDocument, Rendering } from "../engine.ts";
import type { Current } from "./current.ts";
import type { Views } from "./views.ts";
import type { WantedPackage } from "./wanted-package.ts";

const gzip = promisify(gzipCallback);

export type Render = (view: PackageView) => Promise<Rendering | undefined> | Rendering | undefined;

export type Documents = Current<RenderedDocument | undefined>;

export async function rendered(
  documents: Documents,
  views: Views,
  wanted: WantedPackage,
  representation: string,
  render: Render,
): Promise<RenderedDocument | undefined> {
  const made = await documents.get(wanted, representation, async () => {
    const { value: view, ...sources } = await views.get(wanted);
    const document = view && (await renderedDocument(view, await render(view)));
    document?.onIdentity(({ length }) => documents.grown(wanted, representation, document, length));
    return { ...sources, value: document, bytes: document?.gzip.length ?? 0 };
  });
  return made?.value;
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
