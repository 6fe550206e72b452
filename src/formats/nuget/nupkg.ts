/**
 * A .nupkg or .snupkg: a zip whose root holds exactly one .nuspec. It is read where it lies, nothing is unpacked but the
 * manifest and the readme.
 */
import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { type ByteSource, readZipDirectory } from "../packages/zip-directory.ts";
import { type Nuspec, parseNuspec } from "./nuspec.ts";

export interface Nupkg extends Nuspec {
  /** The manifest as it lies in the package. */
  readonly manifest: Uint8Array;
  readonly readme: string | undefined;
}

const LARGEST_NUSPEC = 1024 * 1024;
const LARGEST_README = 1024 * 1024;

/** Throws PackageInvalid. */
export function readNupkg(source: ByteSource): Promise<Nupkg> {
  return readZipDirectory(source, async ({ entries, read }) => {
    const manifests = entries.filter(({ fileName }) => /^[^/]+\.nuspec$/i.test(fileName));
    const [entry] = manifests;
    if (entry === undefined) throw new PackageInvalid("the package has no .nuspec in its root folder");
    if (manifests.length > 1)
      throw new PackageInvalid("the package has more than one .nuspec in its root folder");
    const manifest = await read(entry, LARGEST_NUSPEC);
    const nuspec = parseNuspec(manifest);
    const readme = entries.find(({ fileName }) => fileName === nuspec.readmeFile?.replaceAll("\\", "/"));
    const text = readme && (await read(readme, LARGEST_README));
    return { ...nuspec, manifest, readme: text && new TextDecoder().decode(text) };
  });
}
