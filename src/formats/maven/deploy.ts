/** PUT: files of versions, and the checksums that clients send after each. */
import type { Call } from "../../identity/call.ts";
import type { AssetView, OpenRepository, Packages } from "../../services/codeartifact/engine.ts";
import {
  type HashName,
  PackageInvalid,
  type PackageName,
  type ReceivedContent,
  type VersionDescription,
} from "../../services/codeartifact/format.ts";
import type { PackageExchange } from "../packages/exchange.ts";
import { withBody } from "../request-body.ts";
import type { Announced } from "./announced.ts";
import type { MavenPath } from "./coordinates.ts";
import { promote } from "./deploy-metadata.ts";
import type { Deploying } from "./deploying.ts";
import { checkPom, MAXIMUM_POM_BYTES, parsePom } from "./pom.ts";
import { buildOf, checkFileName, isSnapshot, parseFileName } from "./snapshots.ts";

/** What deployments of one server have in common. */
export interface Deployments {
  readonly deploying: Deploying;
  readonly announced: Announced;
}

export type MavenFile = Extract<MavenPath, { readonly kind: "file" }>;

/** One package of one repository: what waits for one another. */
export function groupOf(repository: OpenRepository, { namespace, name }: PackageName): string {
  return `${repository.id} ${namespace}:${name}`;
}

/** Returns whether the file is new. */
export async function putFile(
  { deploying, announced }: Deployments,
  { call, packages, request }: PackageExchange,
  repository: OpenRepository,
  { name, version, file }: MavenFile,
): Promise<boolean> {
  const build = checkFileName(name, version, file);
  const group = groupOf(repository, name);
  return deploying.file(group, async () => {
    const place = await placeOf(packages, repository, name, version, build);
    const now = call.now.getTime();
    const isNamed = !isSnapshot(version) && announced.hasNamed(group, version, now);
    const published = await withBody(request, (body) =>
      packages.publish(call, repository, {
        format: "maven",
        name,
        version: place,
        asset: file,
        body,
        status: isNamed ? "Published" : "Unfinished",
        describe: (content) => describe(content, name, version, file),
      }),
    );
    if (place !== version && announced.hasNamed(group, build, now))
      await promote(packages, call, repository, name, version, build);
    return published.isNew;
  });
}

/** In which version a file is kept: a snapshot's current build has the snapshot's own name, every other its build's. */
async function placeOf(
  packages: Packages,
  repository: OpenRepository,
  name: PackageName,
  version: string,
  build: string,
): Promise<string> {
  if (!isSnapshot(version)) return version;
  const current = await packages.storedVersion(repository, "maven", name, version);
  return current && buildOf(name, version, current.assets)?.version === build ? version : build;
}

async function describe(
  content: ReceivedContent,
  name: PackageName,
  version: string,
  file: string,
): Promise<VersionDescription | undefined> {
  const parsed = parseFileName(name, version, file);
  if (parsed?.rest !== ".pom") return undefined;
  if (content.size > MAXIMUM_POM_BYTES)
    throw new PackageInvalid(`the POM has ${content.size} bytes; no more than ${MAXIMUM_POM_BYTES} are read`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await content.open()) as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const pom = parsePom(Buffer.concat(chunks));
  checkPom(pom.coordinates, name, [version, parsed.version]);
  return pom.description;
}

const CHECKSUM_DIGITS: Readonly<Record<HashName, number>> = { md5: 32, sha1: 40, sha256: 64, sha512: 128 };

/** The checksum in a client's file: `<hex>`, or `<hex>  <file name>`. Throws PackageInvalid. */
export function parseChecksum(bytes: Uint8Array, checksum: HashName): string {
  const [hex = ""] = Buffer.from(bytes).toString("latin1").trim().split(/\s/);
  if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length !== CHECKSUM_DIGITS[checksum])
    throw new PackageInvalid(
      `this is no ${checksum}: it has ${CHECKSUM_DIGITS[checksum]} hexadecimal digits`,
    );
  return hex;
}

/** Throws PackageInvalid when it is not the file's; undefined stands for a file that is not there. */
export async function compareFileChecksum(
  deployments: Deployments,
  { call, packages }: PackageExchange,
  repository: OpenRepository,
  path: MavenFile,
  checksum: HashName,
  said: string,
): Promise<boolean> {
  const asset = await arrivingAsset(deployments, call, packages, repository, path);
  if (asset === undefined) return false;
  const actual = asset.hashes[checksum];
  // The service compares letter for letter, and writes its own in lower case.
  if (actual !== said) throw new PackageInvalid(`the ${checksum} of ${path.file} is ${actual}, not ${said}`);
  return true;
}

const PATIENCE_MILLISECONDS = [0, 100, 200, 400, 800];

/** A checksum may overtake its file: then the file is on its way to this server, or to another one. */
async function arrivingAsset(
  { deploying }: Deployments,
  call: Call,
  packages: Packages,
  repository: OpenRepository,
  { name, version, file }: MavenFile,
): Promise<AssetView | undefined> {
  const build = parseFileName(name, version, file)?.version;
  if (build === undefined) return undefined;
  for (const milliseconds of PATIENCE_MILLISECONDS) {
    if (milliseconds > 0) {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await deploying.filesSettled(groupOf(repository, name));
    }
    if (call.signal.aborted) return undefined;
    for (const place of new Set([version, build])) {
      const stored = await packages.storedVersion(repository, "maven", name, place);
      const asset = stored?.assets.find((each) => each.name === file);
      if (asset !== undefined) return asset;
    }
  }
  return undefined;
}
