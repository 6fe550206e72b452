/**
 * One file published by twine, uv, poetry, flit: the "Upload API (legacy)". What the form says of the file, what its
 * name says and what lies in it must agree, and every digest must be right; then it is a package version.
 */
import { createHash } from "node:crypto";
import { pipeline, type Readable, Transform } from "node:stream";
import type { Call } from "../../identity/call.ts";
import type { OpenRepository, Packages, PublishedVersion } from "../../services/codeartifact/engine.ts";
import { type Hashes, PackageInvalid, type ReceivedContent } from "../../services/codeartifact/format.ts";
import { provenanceOf } from "./attestations.ts";
import { createBlake2b256 } from "./blake2b.ts";
import { describeMetadata, field } from "./core-metadata.ts";
import { readPublishedFile } from "./distribution.ts";
import { coreMetadataDocument, provenanceDocument } from "./documents.ts";
import { type DistributionName, isFileName, parseFileName } from "./file-names.ts";
import { isProjectName, normalizeProjectName, sameVersion } from "./names.ts";
import { readUploadForm, type UploadForm } from "./upload-form.ts";

export interface Upload {
  readonly packages: Packages;
  readonly call: Call;
  readonly repository: OpenRepository;
  readonly body: Readable;
  readonly contentType: string | undefined;
}

/** Throws PackageInvalid, and what Packages.publish throws. */
export function publishUpload(upload: Upload): Promise<PublishedVersion> {
  return readUploadForm(upload.body, upload.contentType, (form) => publishFile(upload, form));
}

async function publishFile(
  { packages, call, repository }: Upload,
  form: UploadForm,
): Promise<PublishedVersion> {
  const { fileName, fields } = form;
  const named = isFileName(fileName) ? parseFileName(fileName) : undefined;
  if (named === undefined)
    throw new PackageInvalid(
      `${JSON.stringify(fileName.slice(0, 120))} is not the name of a wheel (<name>-<version>-...whl) or a source distribution (<name>-<version>.tar.gz)`,
    );
  checkFields(fields, fileName, named);
  const { body, blake2b } = hashing(form.file, fields.has(BLAKE2));
  const documents = new Map<string, Uint8Array>();
  let assetMetadata: Record<string, unknown> = {};
  return packages.publish(call, repository, {
    format: "pypi",
    name: { namespace: "", name: normalizeProjectName(named.project) },
    version: named.version,
    asset: fileName,
    body,
    expected: expectedHashes(fields),
    status: "Published",
    documents,
    async describe(content) {
      // All of the form, so that one that was cut off or says something else at its end is refused.
      await form.complete;
      checkFields(fields, fileName, named);
      checkDigests(fields, content, blake2b?.() ?? (fields.has(BLAKE2) ? await blake2bOf(content) : ""));
      const { bytes, metadata } = await readPublishedFile(fileName, named, content);
      const provenance = provenanceOf(fields.get("attestations"), fileName, content.hashes.sha256);
      if (provenance) documents.set(provenanceDocument(fileName), provenance);
      if (named.kind === "wheel") documents.set(coreMetadataDocument(fileName), bytes);
      const requires = field(metadata, "requires-python");
      assetMetadata = {
        "upload-time": call.now.toISOString(),
        ...(requires === undefined ? {} : { "requires-python": requires }),
        ...(named.kind === "wheel"
          ? { "core-metadata": { sha256: createHash("sha256").update(bytes).digest("hex") } }
          : {}),
        ...(provenance ? { provenance: true } : {}),
      };
      return describeMetadata(metadata);
    },
    assetMetadata: async () => assetMetadata,
  });
}

const FILE_TYPES: Readonly<Record<string, DistributionName["kind"]>> = {
  bdist_wheel: "wheel",
  sdist: "sdist",
};

/** What has come of the fields so far. */
function checkFields(fields: ReadonlyMap<string, string>, fileName: string, named: DistributionName): void {
  const action = fields.get(":action");
  if (action !== undefined && action !== "file_upload")
    throw new PackageInvalid(
      `the action ${JSON.stringify(action.slice(0, 40))} is not offered, only file_upload`,
    );
  const name = fields.get("name");
  if (
    name !== undefined &&
    !(isProjectName(name) && normalizeProjectName(name) === normalizeProjectName(named.project))
  )
    throw new PackageInvalid(
      `the form says name ${JSON.stringify(name.slice(0, 80))}, the file is ${fileName}`,
    );
  const version = fields.get("version");
  if (version !== undefined && !sameVersion(version, named.version))
    throw new PackageInvalid(
      `the form says version ${JSON.stringify(version.slice(0, 80))}, the file is ${fileName}`,
    );
  const type = fields.get("filetype");
  if (type !== undefined && FILE_TYPES[type] !== named.kind)
    throw new PackageInvalid(
      `the form says filetype ${JSON.stringify(type.slice(0, 40))}, the file is ${fileName}`,
    );
}

const BLAKE2 = "blake2_256_digest";

/** For an early answer to a file that is there already; all digests are checked at the end. */
function expectedHashes(fields: ReadonlyMap<string, string>): Partial<Hashes> {
  const sha256 = fields.get("sha256_digest");
  return sha256 === undefined || sha256 === "" ? {} : { sha256 };
}

function checkDigests(
  fields: ReadonlyMap<string, string>,
  { hashes }: ReceivedContent,
  blake2b: string,
): void {
  const digests: readonly (readonly [field: string, name: string, actual: string])[] = [
    ["sha256_digest", "SHA-256", hashes.sha256],
    ["md5_digest", "MD5", hashes.md5],
    [BLAKE2, "BLAKE2b-256", blake2b],
  ];
  for (const [name, algorithm, actual] of digests) {
    const said = fields.get(name);
    // twine leaves MD5 empty where the runtime refuses to compute it (FIPS).
    if (said === undefined || said === "") continue;
    if (said.toLowerCase() !== actual)
      throw new PackageInvalid(
        `the ${algorithm} digest of the file is ${actual}, the form says ${said.slice(0, 130)}`,
      );
  }
}

/** Hashed as it passes, when the form has said before that it will be asked for. */
function hashing(file: Readable, wanted: boolean): { body: Readable; blake2b: (() => string) | undefined } {
  if (!wanted) return { body: file, blake2b: undefined };
  const hash = createBlake2b256();
  const tap = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  let digest: string | undefined;
  // Errors reach the reader by the stream itself.
  pipeline(file, tap, () => undefined);
  return {
    body: tap,
    blake2b() {
      digest ??= hash.hex();
      return digest;
    },
  };
}

async function blake2bOf(content: ReceivedContent): Promise<string> {
  const hash = createBlake2b256();
  for await (const chunk of await content.open()) hash.update(chunk as Uint8Array);
  return hash.hex();
}
