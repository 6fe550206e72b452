/** The manifest and the readme of a package that is kept here or fetched: read from the package, wherever it lies. */
import type { Readable } from "node:stream";
import type { Call } from "../../identity/call.ts";
import type { OpenAsset, OpenRepository, Packages } from "../../services/codeartifact/engine.ts";
import { type Nupkg, readNupkg } from "./nupkg.ts";
import { nupkgName } from "./package-id.ts";

/** Undefined when the version is not there. */
export async function readPackage(
  packages: Packages,
  call: Call,
  repository: OpenRepository,
  id: string,
  version: string,
): Promise<Nupkg | undefined> {
  const name = { namespace: "", name: id };
  const openPackage = () =>
    packages.openAsset(call, repository, "nuget", name, version, nupkgName(id, version));
  let asset = await openPackage();
  if (asset !== undefined && asset.hashes === undefined) {
    // It is still coming from its upstream: parts of it can be had once it is here.
    await readAway(await asset.open());
    asset = await openPackage();
  }
  if (asset === undefined) return undefined;
  return readNupkg({ size: sizeOf(asset), open: async (range) => openPart(await openPackage(), range) });
}

type Range = { readonly start: number; readonly end: number };

function openPart(asset: OpenAsset | undefined, range: Range): Promise<Readable> {
  if (asset === undefined) throw new Error("a package went away while it was read");
  return asset.open(range);
}

function sizeOf({ size }: OpenAsset): number {
  if (size === undefined) throw new Error("a package that is here has no size");
  return size;
}

async function readAway(stream: Readable): Promise<void> {
  for await (const _chunk of stream);
}
