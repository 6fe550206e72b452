/**
 * The door of Maven, Gradle and whatever else speaks Maven's repository layout (Maven 2 and newer). Deliberate
 * differences to a folder of files: metadata is generated, checksums are computed, and a build of a snapshot is kept as
 * snapshots.ts says. Maven prints nothing of an answer but its reason phrase, so that is where refusals are explained.
 */
import type { OutgoingHttpHeaders } from "node:http";
import type { OpenRepository } from "../../services/codeartifact/engine.ts";
import { type Hashes, type HashName, PackageInvalid } from "../../services/codeartifact/format.ts";
import { readBody } from "../packages/body.ts";
import { methodNotAllowed, notFound } from "../packages/errors.ts";
import {
  type Answering,
  type ErrorAnswer,
  type PackageDoor,
  type PackageExchange,
  send,
} from "../packages/exchange.ts";
import { sendAsset } from "../packages/send-asset.ts";
import { sendRendered } from "../packages/send-rendered.ts";
import { Announced } from "./announced.ts";
import { type MavenPath, parseMavenPath } from "./coordinates.ts";
import { compareFileChecksum, type Deployments, groupOf, parseChecksum, putFile } from "./deploy.ts";
import { keepPlugins, publishBuild, publishNamed } from "./deploy-metadata.ts";
import { Deploying } from "./deploying.ts";
import {
  checkMetadata,
  MAXIMUM_METADATA_BYTES,
  parseRepositoryMetadata,
  type RepositoryMetadata,
} from "./repository-metadata.ts";
import { documentHashes, fileChecksum, hashesOf, metadataDocument, openFile } from "./resolve.ts";

/** A line of a checksum tool, with a file's name in it. */
const MAXIMUM_CHECKSUM_BYTES = 4096;
const TEXT = "text/plain; charset=utf-8";

export function mavenDoor(): PackageDoor {
  const deployments: Deployments = { deploying: new Deploying(), announced: new Announced() };
  return {
    format: "maven",
    challenge: 'Basic realm="CodeArtifact", charset="UTF-8"',
    async handle(exchange) {
      const { method } = exchange.request;
      if (method === "GET" || method === "HEAD") return get(exchange);
      if (method === "PUT") return put(deployments, exchange);
      throw methodNotAllowed(["GET", "HEAD", "PUT"]);
    },
    writeError,
  };
}

async function get(exchange: PackageExchange): Promise<void> {
  const repository = await opened(exchange, "codeartifact:ReadFromRepository");
  const { path, checksum } = addressOf(exchange);
  const isFound =
    path.kind === "file"
      ? await getFile(exchange, repository, path, checksum)
      : await getMetadata(exchange, repository, path, checksum);
  if (!isFound) throw notFound(`${exchange.path} is not in repository ${repository.name}`);
}

async function getFile(
  exchange: PackageExchange,
  repository: OpenRepository,
  path: Extract<MavenPath, { kind: "file" }>,
  checksum: HashName | undefined,
): Promise<boolean> {
  if (checksum !== undefined) {
    const hex = await fileChecksum(exchange, repository, path, checksum);
    if (hex !== undefined) send(exchange, 200, { "content-type": TEXT }, hex);
    return hex !== undefined;
  }
  const asset = await openFile(exchange, repository, path);
  if (asset === undefined) return false;
  const headers = asset.hashes === undefined ? {} : checksumHeaders(asset.hashes);
  await sendAsset(exchange, asset, { contentType: contentType(path.file), headers });
  return true;
}

async function getMetadata(
  exchange: PackageExchange,
  repository: OpenRepository,
  path: Exclude<MavenPath, { kind: "file" }>,
  checksum: HashName | undefined,
): Promise<boolean> {
  const document = await metadataDocument(exchange, repository, path);
  if (document === undefined) return false;
  const hashes = documentHashes(document);
  const headers = checksumHeaders(hashes);
  if (checksum !== undefined) send(exchange, 200, { "content-type": TEXT }, hashes[checksum]);
  else if (document instanceof Uint8Array)
    send(exchange, 200, { "content-type": "application/xml", ...headers }, document);
  else sendRendered(exchange, document, { headers });
  return true;
}

async function put(deployments: Deployments, exchange: PackageExchange): Promise<void> {
  const repository = await opened(exchange, "codeartifact:PublishPackageVersion");
  const { path, checksum } = parseMavenPath(exchange.path);
  if (checksum !== undefined) {
    const said = parseChecksum(await readBody(exchange, MAXIMUM_CHECKSUM_BYTES), checksum);
    await putChecksum(deployments, exchange, repository, path, checksum, said);
    send(exchange, 200, {});
  } else if (path.kind === "file") {
    const isNew = await putFile(deployments, exchange, repository, path);
    send(exchange, isNew ? 201 : 200, {});
  } else {
    await putMetadata(deployments, exchange, repository, path);
    send(exchange, 200, {});
  }
}

async function putChecksum(
  deployments: Deployments,
  exchange: PackageExchange,
  repository: OpenRepository,
  path: MavenPath,
  checksum: HashName,
  said: string,
): Promise<void> {
  if (path.kind === "file") {
    if (await compareFileChecksum(deployments, exchange, repository, path, checksum, said)) return;
    throw notFound(`${path.file} is not there: a checksum is compared with the file that came before it`);
  }
  // What the client sent is not what others are given: metadata is generated. It is compared with what came.
  const { announced } = deployments;
  const texts = announced.hashes(placeOf(exchange, repository), exchange.call.now.getTime());
  if (texts === undefined || texts.some((hashes) => hashes[checksum] === said)) return;
  throw new PackageInvalid(`the ${checksum} of the maven-metadata.xml that came is not ${said}`);
}

async function putMetadata(
  { deploying, announced }: Deployments,
  exchange: PackageExchange,
  repository: OpenRepository,
  path: Exclude<MavenPath, { kind: "file" }>,
): Promise<void> {
  const { call, packages } = exchange;
  const bytes = await readBody(exchange, MAXIMUM_METADATA_BYTES);
  const metadata = parseRepositoryMetadata(bytes);
  const note = (group: string, names: readonly string[]) =>
    announced.note(group, placeOf(exchange, repository), names, hashesOf(bytes), call.now.getTime());

  if (path.kind === "snapshot-metadata") {
    const { name, version } = path;
    checkMetadata(metadata, name, version);
    const group = groupOf(repository, name);
    await deploying.metadata(group, async () => {
      note(group, [await publishBuild(packages, call, repository, name, version, metadata)]);
    });
    return;
  }
  if (isOfGroup(metadata)) {
    note(path.group, []);
    await keepPlugins(packages, call, repository, path.group, metadata.plugins);
    return;
  }
  if (path.artifact === undefined) throw new PackageInvalid(`there is no artifact at ${exchange.path}`);
  const { artifact } = path;
  checkMetadata(metadata, artifact);
  const group = groupOf(repository, artifact);
  await deploying.metadata(group, async () => {
    note(group, await publishNamed(packages, call, repository, artifact, metadata));
  });
}

function isOfGroup({ plugins, versions, artifactId }: RepositoryMetadata): boolean {
  return plugins.length > 0 && versions.length === 0 && artifactId === undefined;
}

/** The metadata of one place in one repository, without the checksum's ending. */
function placeOf({ path }: PackageExchange, repository: OpenRepository): string {
  return `${repository.id} ${path.replace(/\.(?:md5|sha1|sha256|sha512)$/, "")}`;
}

function opened({ packages, call, address }: PackageExchange, action: string): Promise<OpenRepository> {
  return packages.openRepository(call, address, action);
}

/** What is no path of a Maven repository is not there. */
function addressOf({ path }: PackageExchange): ReturnType<typeof parseMavenPath> {
  try {
    return parseMavenPath(path);
  } catch (error) {
    throw error instanceof PackageInvalid ? notFound(error.message) : error;
  }
}

/** Maven 3.9 takes checksums from here and does not ask for them apart ("smart checksums" of its resolver). */
function checksumHeaders({ md5, sha1, sha256, sha512 }: Hashes): OutgoingHttpHeaders {
  return {
    "x-checksum-md5": md5,
    "x-checksum-sha1": sha1,
    "x-checksum-sha256": sha256,
    "x-checksum-sha512": sha512,
  };
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  pom: "application/xml",
  xml: "application/xml",
  jar: "application/java-archive",
  war: "application/java-archive",
  ear: "application/java-archive",
  module: "application/json",
  json: "application/json",
  zip: "application/zip",
  gz: "application/gzip",
  asc: TEXT,
};

function contentType(file: string): string {
  const extension = file.slice(file.lastIndexOf(".") + 1).toLowerCase();
  const known = Object.hasOwn(CONTENT_TYPES, extension) ? CONTENT_TYPES[extension] : undefined;
  return known ?? "application/octet-stream";
}

/** What Maven and Gradle print: "status code: 409, reason phrase: <this> (409)". */
const LONGEST_REASON = 1000;

function writeError(exchange: Answering, { status, message, headers }: ErrorAnswer): void {
  // RFC 9112 section 4: a reason phrase is one line; Node takes Latin-1 only.
  exchange.response.statusMessage = message.replace(/[^\x20-\x7e]+/g, " ").slice(0, LONGEST_REASON);
  send(exchange, status, { "content-type": TEXT, ...headers }, `${message}\n`);
}
