/** Another index as an upstream: the simple repository API read as a client reads it. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { BoundedCache } from "../../bounded-cache.ts";
import type {
  PackageName,
  UpstreamAsset,
  UpstreamDocument,
  UpstreamListing,
  UpstreamProtocol,
  UpstreamSource,
  UpstreamVersion,
} from "../../services/codeartifact/format.ts";
import { UpstreamRefused } from "../../services/codeartifact/upstreams/upstreams.ts";
import { describeMetadata, readCoreMetadata } from "./core-metadata.ts";
import { readFileMetadata, readWheelMetadata } from "./distribution.ts";
import { coreMetadataDocument, provenanceDocument } from "./documents.ts";
import { readListedFileName } from "./file-names.ts";
import { PageUnreadable, readUpstreamPage, type UpstreamPage } from "./upstream-page.ts";

/** As pip asks: JSON, and HTML from those that have no other. */
const PAGE_ACCEPT =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
const PROVENANCE_ACCEPT = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5";
const NOTHING_KNOWN = { metadata: {}, licenses: [], dependencies: [] };

/** Pages that were read lately: whoever resolves asks for the metadata of one file after the other. */
const pages = new BoundedCache<string, UpstreamPage>(64);

export const pypiUpstream: UpstreamProtocol = {
  async list(source, name) {
    const page = await upstreamPage(source, name);
    return page && listing(page, name);
  },

  async document(source, name, document) {
    const page = await upstreamPage(source, name);
    for (const file of page?.files ?? []) {
      if (coreMetadataDocument(file.name) === document) return upstreamMetadata(source, file);
      if (provenanceDocument(file.name) === document) return upstreamProvenance(source, file);
    }
    return undefined;
  },

  async describe(content, asset, version) {
    const kind = readListedFileName(asset.name, "").kind;
    try {
      const bytes = await readFileMetadata(asset.name, kind, content);
      return bytes && describeMetadata(readCoreMetadata(bytes));
    } catch (error) {
      // What the upstream listed and its hash confirms is passed on, whatever an old tool once packed into it.
      if (error instanceof Error && error.name === "PackageInvalid") return version?.description;
      throw error;
    }
  },
};

async function upstreamPage(source: UpstreamSource, name: PackageName): Promise<UpstreamPage | undefined> {
  const document = await source.document(new URL(`${name.name}/`, source.baseUrl).href, PAGE_ACCEPT);
  if (document === undefined) return undefined;
  const key = `${source.connection} ${name.name} ${document.revision}`;
  const known = pages.get(key);
  if (known) return known;
  const page = readPage(document, source);
  pages.set(key, page);
  return page;
}

function readPage(document: UpstreamDocument, source: UpstreamSource): UpstreamPage {
  try {
    return readUpstreamPage(new TextDecoder().decode(document.bytes), document.contentType, document.url);
  } catch (error) {
    if (!(error instanceof PageUnreadable)) throw error;
    throw new UpstreamRefused(`the page of ${source.connection} cannot be read: ${error.message}`, {
      cause: error,
    });
  }
}

function listing(page: UpstreamPage, name: PackageName): UpstreamListing {
  const versions = new Map<string, UpstreamAsset[]>();
  for (const file of page.files) {
    const { version } = readListedFileName(file.name, name.name);
    const files = versions.get(version);
    if (files) files.push(file);
    else versions.set(version, [file]);
  }
  return {
    versions: [...versions].map(
      ([version, assets]): UpstreamVersion => ({
        version,
        publishedAt: firstUpload(assets),
        description: NOTHING_KNOWN,
        assets,
      }),
    ),
    tags: {},
    metadata: page.status === undefined ? {} : { "project-status": page.status },
  };
}

function firstUpload(assets: readonly UpstreamAsset[]): number | undefined {
  let first: number | undefined;
  for (const { metadata } of assets) {
    const time = Date.parse(String(metadata["upload-time"]));
    if (!Number.isNaN(time) && (first === undefined || time < first)) first = time;
  }
  return first;
}

/** PEP 658's document if the upstream has it and it is the one that was promised; else read from within the wheel. */
async function upstreamMetadata(
  source: UpstreamSource,
  file: UpstreamAsset,
): Promise<Uint8Array | undefined> {
  const said = file.metadata["core-metadata"];
  if (said !== undefined) {
    const url = new URL(file.url);
    url.pathname += ".metadata";
    const document = await source.document(url.href);
    const promised = (said as { sha256?: unknown }).sha256;
    if (document && (promised === undefined || promised === sha256(document.bytes))) return document.bytes;
  }
  return file.name.endsWith(".whl") ? metadataWithin(source, file) : undefined;
}

class NoParts extends Error {}

/** By range reads; undefined from an upstream that answers none. */
async function metadataWithin(source: UpstreamSource, file: UpstreamAsset): Promise<Uint8Array | undefined> {
  const size = file.size ?? (await source.part?.(file.url, { last: 1 }))?.size;
  if (size === undefined) return undefined;
  const open = async (range: { readonly start: number; readonly end: number }): Promise<Readable> => {
    const part = await source.part?.(file.url, range);
    if (part === undefined) throw new NoParts();
    if (part.start !== range.start || part.size !== size)
      throw new UpstreamRefused(
        `${source.connection} answers another part of ${file.name} than was asked for`,
      );
    return Readable.from([part.bytes]);
  };
  try {
    return await readWheelMetadata({ size, open });
  } catch (error) {
    if (error instanceof NoParts) return undefined;
    throw error;
  }
}

async function upstreamProvenance(
  source: UpstreamSource,
  file: UpstreamAsset,
): Promise<Uint8Array | undefined> {
  const url = file.metadata["provenance"];
  return typeof url === "string" ? (await source.document(url, PROVENANCE_ACCEPT))?.bytes : undefined;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
