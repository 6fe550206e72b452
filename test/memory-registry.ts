import { createHash, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { AwsError } from "../src/aws/errors.ts";
import type { Page, ReferrerDescriptor, Registry, StoredManifest } from "../src/services/ecr/engine.ts";
import { type Digest, digestAlgorithm, digestOf, parseDigest } from "../src/storage/blobs/digest.ts";
import { DigestMismatch, OffsetMismatch, UploadNotFound } from "../src/storage/blobs/errors.ts";

interface Manifest extends StoredManifest {
  readonly document: {
    readonly subject?: { readonly digest: string };
    readonly artifactType?: string;
    readonly annotations?: Record<string, string>;
    readonly config?: { readonly mediaType: string };
  };
}

interface Repository {
  readonly manifests: Map<Digest, Manifest>;
  readonly tags: Map<string, Digest>;
  readonly layers: Map<Digest, Buffer>;
}

/** A registry in memory, for the door's own tests: no permissions, no immutability, no rules of ECR. */
export function memoryRegistry(names: readonly string[]): Registry {
  const repositories = new Map<string, Repository>();
  for (const name of names) {
    repositories.set(name, { manifests: new Map(), tags: new Map(), layers: new Map() });
  }
  const uploads = new Map<string, Buffer>();

  function repository(name: string): Repository {
    const found = repositories.get(name);
    if (found === undefined) throw new AwsError("RepositoryNotFoundException", `no repository '${name}'`);
    return found;
  }

  function layer(name: string, digest: Digest): Buffer {
    const bytes = repository(name).layers.get(digest);
    if (bytes === undefined) throw new AwsError("LayersNotFoundException", `no layer '${digest}'`);
    return bytes;
  }

  function upload(id: string): Buffer {
    const bytes = uploads.get(id);
    if (bytes === undefined) throw new UploadNotFound("no such upload");
    return bytes;
  }

  function store(name: string, digest: Digest, bytes: Buffer): { size: number } {
    if (digestFor(digest, bytes) !== digest) throw new DigestMismatch("other bytes");
    repository(name).layers.set(digest, bytes);
    return { size: bytes.length };
  }

  return {
    async listRepositoryNames(_call, page) {
      return pageOf([...repositories.keys()].sort(), (name) => name, page);
    },
    async listTags(_call, name, page) {
      return pageOf([...repository(name).tags.keys()].sort(), (tag) => tag, page);
    },
    async getManifest(_call, name, reference) {
      const { manifests, tags } = repository(name);
      const digest = reference.digest ?? tags.get(reference.tag);
      const manifest = digest && manifests.get(digest);
      if (!manifest) throw new AwsError("ImageNotFoundException", "Requested image not found");
      return manifest;
    },
    async putManifest(_call, name, { reference, tags = [], mediaType, bytes }) {
      const into = repository(name);
      const digest = digestFor(reference.digest, bytes);
      if (reference.digest !== undefined && reference.digest !== digest) {
        throw new AwsError("ImageDigestDoesNotMatchException", "other bytes");
      }
      const document = JSON.parse(Buffer.from(bytes).toString()) as Manifest["document"] & {
        mediaType?: string;
      };
      into.manifests.set(digest, {
        digest,
        mediaType: mediaType ?? document.mediaType ?? "",
        bytes,
        document,
      });
      const all = reference.tag === undefined ? tags : [reference.tag, ...tags];
      for (const tag of all) into.tags.set(tag, digest);
      const subject = parseDigest(document.subject?.digest ?? "");
      return { digest, tags: all, ...(subject ? { subject } : {}) };
    },
    async deleteManifest(_call, name, reference) {
      const { manifests, tags } = repository(name);
      const gone =
        reference.tag === undefined ? manifests.delete(reference.digest) : tags.delete(reference.tag);
      if (!gone) throw new AwsError("ImageNotFoundException", "Requested image not found");
      for (const [tag, digest] of tags) if (digest === reference.digest) tags.delete(tag);
    },
    async listReferrers(_call, name, subject, { artifactType, ...page }) {
      const descriptors: ReferrerDescriptor[] = [];
      for (const { digest, mediaType, bytes, document } of repository(name).manifests.values()) {
        if (document.subject?.digest !== subject) continue;
        const type = document.artifactType ?? document.config?.mediaType;
        if (artifactType !== undefined && type !== artifactType) continue;
        descriptors.push({
          digest,
          mediaType,
          size: bytes.length,
          ...(type ? { artifactType: type } : {}),
          ...(document.annotations ? { annotations: document.annotations } : {}),
        });
      }
      descriptors.sort((a, b) => (a.digest < b.digest ? -1 : 1));
      return pageOf(descriptors, ({ digest }) => digest, page);
    },
    async statLayer(_call, name, digest) {
      return { size: layer(name, digest).length };
    },
    async getLayer(_call, name, digest) {
      const bytes = layer(name, digest);
      return {
        size: bytes.length,
        async open({ start, end } = { start: 0, end: bytes.length - 1 }) {
          return Readable.from([bytes.subarray(start, end + 1)], { objectMode: false });
        },
      };
    },
    async deleteLayer(_call, name, digest) {
      layer(name, digest);
      repository(name).layers.delete(digest);
    },
    async startLayerUpload(_call, name) {
      repository(name);
      const uploadId = randomUUID();
      uploads.set(uploadId, Buffer.alloc(0));
      return { uploadId };
    },
    async layerUploadSize(_call, _name, uploadId) {
      return upload(uploadId).length;
    },
    async appendToLayerUpload(_call, _name, uploadId, body, range) {
      const before = upload(uploadId);
      if (range !== undefined && range.start !== before.length) throw new OffsetMismatch(before.length);
      const after = Buffer.concat([before, await readAll(body)]);
      uploads.set(uploadId, after);
      return after.length;
    },
    async finishLayerUpload(_call, name, uploadId, digest) {
      const stored = store(name, digest, upload(uploadId));
      uploads.delete(uploadId);
      return stored;
    },
    async cancelLayerUpload(_call, _name, uploadId) {
      upload(uploadId);
      uploads.delete(uploadId);
    },
    async putLayer(_call, name, digest, body) {
      repository(name);
      return store(name, digest, await readAll(body));
    },
    async mountLayer(_call, name, digest, from) {
      const sources = from === undefined ? [...repositories.values()] : [repositories.get(from)];
      const bytes = sources.map((source) => source?.layers.get(digest)).find((found) => found !== undefined);
      if (bytes !== undefined) repository(name).layers.set(digest, bytes);
      return bytes !== undefined;
    },
  };
}

function pageOf<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
  { after, limit }: { after?: string; limit: number },
): Page<Item> {
  const rest = after === undefined ? items : items.filter((item) => key(item) > after);
  return { items: rest.slice(0, limit), more: rest.length > limit };
}

async function readAll(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function digestFor(like: Digest | undefined, bytes: Uint8Array): Digest {
  const algorithm = like === undefined ? "sha256" : digestAlgorithm(like);
  return digestOf(algorithm, createHash(algorithm).update(bytes).digest("hex"));
}
