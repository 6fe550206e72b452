/**
 * What is served beside a file: its core metadata (PEP 658), so that a resolver downloads no wheel to learn what it
 * needs, and its provenance (PEP 740).
 */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { BoundedCache } from "../../bounded-cache.ts";
import type {
  AssetView,
  OpenAsset,
  OpenRepository,
  PackageView,
} from "../../services/codeartifact/engine.ts";
import type { PackageName } from "../../services/codeartifact/format.ts";
import { UpstreamRefused, UpstreamUnavailable } from "../../services/codeartifact/upstreams/upstreams.ts";
import type { PackageExchange } from "../packages/exchange.ts";
import { readWheelMetadata } from "./distribution.ts";
import { coreMetadataDocument, provenanceDocument } from "./documents.ts";

export interface NamedFile {
  readonly name: PackageName;
  /** Normalized; undefined: whichever has the file. */
  readonly version: string | undefined;
  readonly file: string;
}

type Reader = Pick<PackageExchange, "packages" | "call">;

/**
 * Some 10 KB each. What a page says of a file's hash is its upstream's word until the file is here: it holds for this
 * file of this repository and for no other of the same hash.
 */
const known = new BoundedCache<string, Uint8Array>(2_000);

/** Undefined when there is no such file, or it has no metadata of its own. */
export async function openMetadata(
  reader: Reader,
  repository: OpenRepository,
  wanted: NamedFile,
): Promise<Uint8Array | undefined> {
  const { name, file } = wanted;
  const asset = findFile(await reader.packages.view(repository, "pypi", name), wanted);
  if (asset === undefined) return undefined;
  const hash = asset.hashes.sha256;
  const key = hash && `${repository.id} ${name.name} ${file} ${hash}`;
  const before = key && known.get(key);
  if (before) return before;
  const isWheel = file.endsWith(".whl");
  const document =
    (await documentOf(reader, repository, name, asset)) ??
    (isWheel ? await fromStoredWheel(reader, repository, wanted) : undefined);
  if (document && key) known.set(key, document);
  return document;
}

/** A document outlives its version, and another place may have a file of the same name: it must be this file's. */
async function documentOf(
  { packages }: Reader,
  repository: OpenRepository,
  name: PackageName,
  asset: AssetView,
): Promise<Uint8Array | undefined> {
  const isKeptWheel = asset.stored && asset.name.endsWith(".whl");
  const said = asset.metadata["core-metadata"];
  const promised = (said as { readonly sha256?: unknown } | undefined)?.sha256;
  // The wheel itself can be read.
  if (isKeptWheel && promised === undefined) return undefined;
  const document = await packages
    .getDocument(repository, "pypi", name, coreMetadataDocument(asset.name))
    .catch((error: unknown) => unlessOutage(error, isKeptWheel));
  const isPromised = promised === undefined || (document && sha256(document) === promised);
  return isPromised ? document : undefined;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A wheel that is kept here tells its metadata without the outside. */
function unlessOutage(error: unknown, isKept: boolean): undefined {
  if (isKept && (error instanceof UpstreamUnavailable || error instanceof UpstreamRefused)) return undefined;
  throw error;
}

/** Undefined when there is no such file, or nobody has said where it comes from. */
export async function openProvenance(
  { packages }: Reader,
  repository: OpenRepository,
  wanted: NamedFile,
): Promise<Uint8Array | undefined> {
  const asset = findFile(await packages.view(repository, "pypi", wanted.name), wanted);
  return asset && packages.getDocument(repository, "pypi", wanted.name, provenanceDocument(wanted.file));
}

function findFile(view: PackageView | undefined, { version, file }: NamedFile): AssetView | undefined {
  for (const candidate of view?.versions ?? []) {
    if (version !== undefined && candidate.version !== version) continue;
    const asset = candidate.assets.find(({ name }) => name === file);
    if (asset) return asset;
  }
  return undefined;
}

/** For wheels whose upstream is gone or answers no ranges: the whole file is fetched, and read. */
async function fromStoredWheel(
  { packages, call }: Reader,
  repository: OpenRepository,
  { name, version, file }: NamedFile,
): Promise<Uint8Array | undefined> {
  const open = () => packages.openAsset(call, repository, "pypi", name, version, file);
  let asset = await open();
  if (asset && asset.hashes === undefined) {
    await drain(await asset.open());
    asset = await open();
  }
  if (asset?.size === undefined || asset.hashes === undefined) return undefined;
  const first: OpenAsset = asset;
  let used = false;
  return readWheelMetadata({
    size: asset.size,
    async open(range) {
      // One opening serves one range.
      const source = used ? await open() : first;
      used = true;
      if (source === undefined) throw new Error(`${file} is gone`);
      return source.open(range);
    },
  });
}

async function drain(stream: Readable): Promise<void> {
  for await (const _ of stream);
}
