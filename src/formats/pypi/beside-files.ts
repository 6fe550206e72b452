/**
 * What is served beside a file: its core metadata (PEP 658), so that a resolver downloads no wheel to learn what it
 * needs, and its provenance (PEP 740).
 */
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

/** Some 10 KB each. Keyed by the wheel's sha256: whatever the place it is found in, its metadata are the same. */
const known = new BoundedCache<string, Uint8Array>(2_000);

/** Undefined when there is no such file, or it has no metadata of its own. */
export async function openMetadata(
  { packages, call }: Reader,
  repository: OpenRepository,
  wanted: NamedFile,
): Promise<Uint8Array | undefined> {
  const { name, file } = wanted;
  const asset = findFile(await packages.view(repository, "pypi", name), wanted);
  if (asset === undefined) return undefined;
  const hash = asset.hashes.sha256;
  const before = hash === undefined ? undefined : known.get(hash);
  if (before) return before;
  const isWheel = file.endsWith(".whl");
  const document =
    (await packages
      .getDocument(repository, "pypi", name, coreMetadataDocument(file))
      .catch((error: unknown) => unlessOutage(error, isWheel && asset.stored))) ??
    (isWheel ? await fromStoredWheel({ packages, call }, repository, wanted) : undefined);
  if (document && hash !== undefined) known.set(hash, document);
  return document;
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
