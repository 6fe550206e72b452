/** Packages and symbols in ("Push and Delete" and "Push Symbol Packages" of the NuGet Server API on Microsoft Learn). */
import type { Readable } from "node:stream";
import type { Call } from "../../identity/call.ts";
import type { OpenRepository, Packages } from "../../services/codeartifact/engine.ts";
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { notFound, PackageError } from "../packages/errors.ts";
import { normalizeVersion } from "./nuget-version.ts";
import { type Nupkg, readNupkg } from "./nupkg.ts";
import { describeMetadata } from "./nuspec.ts";
import { normalizeId, nupkgName, snupkgName } from "./package-id.ts";
import { type ReceivedFile, withReceivedFile } from "./received-file.ts";

/** CodeArtifact's quota for one file. */
const LARGEST_PACKAGE = 5 * 1024 ** 3;

export interface Push {
  readonly packages: Packages;
  readonly call: Call;
  readonly repository: OpenRepository;
  readonly file: Readable;
  /** Resolves once the request has come whole. */
  readonly complete: Promise<void>;
}

export function pushPackage(push: Push): Promise<void> {
  return withPackage(push, async (received, nupkg, id, version) => {
    if (isSymbols(nupkg)) throw new PackageInvalid("symbols are pushed to the address of symbol packages");
    const asset = nupkgName(id, version);
    const { isNew } = await push.packages.publish(push.call, push.repository, {
      format: "nuget",
      name: { namespace: "", name: id },
      version,
      asset,
      body: await received.open(),
      maxSize: LARGEST_PACKAGE,
      describe: async () => describeMetadata(nupkg.metadata, nupkg.readme),
      status: "Published",
    });
    // The same bytes too: clients that retry are told to go on by --skip-duplicate.
    if (!isNew) throw alreadyThere(asset, push.repository);
  });
}

export function pushSymbols(push: Push): Promise<void> {
  return withPackage(push, async (received, _nupkg, id, version) => {
    const name = { namespace: "", name: id };
    if (!(await push.packages.storedVersion(push.repository, "nuget", name, version))) {
      throw notFound(
        `Package ${id} ${version} is not in repository ${push.repository.name}: push it before its symbols.`,
      );
    }
    const asset = snupkgName(id, version);
    const { isNew } = await push.packages.publish(push.call, push.repository, {
      format: "nuget",
      name,
      version,
      asset,
      body: await received.open(),
      maxSize: LARGEST_PACKAGE,
      // What the package is stands in the package.
      describe: async () => undefined,
      status: "Published",
    });
    if (!isNew) throw alreadyThere(asset, push.repository);
  });
}

/** Id and version in stored form. */
function withPackage(
  { file, complete }: Push,
  use: (received: ReceivedFile, nupkg: Nupkg, id: string, version: string) => Promise<void>,
): Promise<void> {
  return withReceivedFile(file, LARGEST_PACKAGE, async (received) => {
    const nupkg = await readNupkg(received);
    await complete;
    await use(received, nupkg, normalizeId(nupkg.metadata.id), normalizeVersion(nupkg.metadata.version));
  });
}

function isSymbols({ metadata }: Nupkg): boolean {
  return metadata.packageTypes.some(({ name }) => name.toLowerCase() === "symbolspackage");
}

function alreadyThere(asset: string, repository: OpenRepository): PackageError {
  return new PackageError(
    409,
    "ConflictException",
    `${asset} is in repository ${repository.name} already; a version cannot be pushed twice.`,
  );
}
