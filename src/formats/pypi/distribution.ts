/** The metadata that lies in a distribution file, and whether it says what the file's name says. */

import { PackageInvalid } from "../../services/codeartifact/format.ts";
import { type ByteSource, readZipDirectory } from "../packages/zip-directory.ts";
import { type CoreMetadata, field, LARGEST_METADATA, readCoreMetadata } from "./core-metadata.ts";
import type { DistributionName } from "./file-names.ts";
import { isProjectName, normalizeProjectName, sameVersion } from "./names.ts";
import { readTarMetadata, readZipSdistMetadata } from "./sdist-archive.ts";

/** `<name>-<version>.dist-info/METADATA` at the top ("Binary distribution format", "File contents"). */
const WHEEL_METADATA = /^([^/]+)-([^/-]+)\.dist-info\/METADATA$/;

/** Throws PackageInvalid when the wheel is damaged, or has no or two metadata folders. */
export function readWheelMetadata(source: ByteSource): Promise<Uint8Array> {
  return readZipDirectory(source, async (directory) => {
    const found = directory.entries.filter(({ fileName }) => WHEEL_METADATA.test(fileName));
    const [entry, another] = found;
    if (!entry) throw new PackageInvalid("the wheel has no .dist-info/METADATA");
    if (another) throw new PackageInvalid("the wheel has more than one .dist-info/METADATA");
    return directory.read(entry, LARGEST_METADATA);
  });
}

/** Undefined for a source distribution without PKG-INFO, and for files that are neither wheel nor gzipped tar nor zip. */
export async function readFileMetadata(
  file: string,
  kind: DistributionName["kind"],
  source: ByteSource,
): Promise<Uint8Array | undefined> {
  const lower = file.toLowerCase();
  if (kind === "wheel") return readWheelMetadata(source);
  if (lower.endsWith(".zip")) return readZipSdistMetadata(source);
  if (lower.endsWith(".tar.gz") || lower.endsWith(".tgz")) return readTarMetadata(source);
  return undefined;
}

/** For a file that is published: its metadata, which must be there and true to the name. Throws PackageInvalid. */
export async function readPublishedFile(
  file: string,
  named: DistributionName,
  source: ByteSource,
): Promise<{ readonly bytes: Uint8Array; readonly metadata: CoreMetadata }> {
  const bytes = await readFileMetadata(file, named.kind, source);
  if (bytes === undefined) throw new PackageInvalid(`${file} has no PKG-INFO in its top folder`);
  const metadata = readCoreMetadata(bytes);
  const name = field(metadata, "name") ?? "";
  const version = field(metadata, "version") ?? "";
  if (!isProjectName(name) || normalizeProjectName(name) !== normalizeProjectName(named.project))
    throw new PackageInvalid(`the metadata in ${file} is of ${JSON.stringify(name.slice(0, 80))}`);
  if (!sameVersion(version, named.version))
    throw new PackageInvalid(`the metadata in ${file} is of version ${JSON.stringify(version.slice(0, 80))}`);
  return { bytes, metadata };
}
