import type { Readable } from "node:stream";
import type { Call } from "../../identity/call.ts";
import type { ByteRange } from "../../storage/blobs/blobs.ts";
import type { Digest, DigestAlgorithm } from "../../storage/blobs/digest.ts";

/** What a client names a manifest by. */
export type Reference =
  | { readonly tag: string; readonly digest?: never }
  | { readonly digest: Digest; readonly tag?: never };

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface PutManifest {
  /** By digest: stored untagged (or with `tags`). By tag: stored and tagged. */
  readonly reference: Reference;
  /** Further tags, all or nothing with the reference (OCI distribution-spec, push by digest with `tag=`). */
  readonly tags?: readonly string[];
  /** Content-Type of the request, without parameters; the manifest's own mediaType must agree. */
  readonly mediaType: string | undefined;
  readonly bytes: Uint8Array;
}

export interface ReferrerDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Whether more follow the last item. */
  readonly more: boolean;
}

/**
 * What the registry can do for a native client (formats/oci). The same rules stand behind the ECR API, which
 * calls the same functions: every permission check, limit and event is in here, none in a door.
 *
 * Every method throws the AwsErrors of errors.ts (`RepositoryNotFoundException`, `ImageNotFoundException`,
 * `LayersNotFoundException`, `ImageTagAlreadyExistsException`, ...), and the upload errors of
 * storage/blobs/errors.ts as they are. Repository names and tags come unchecked from the wire and are parsed here.
 */
export interface Registry {
  listRepositoryNames(call: Call, page: { after?: string; limit: number }): Promise<Page<string>>;
  listTags(call: Call, repository: string, page: { after?: string; limit: number }): Promise<Page<string>>;

  /**
   * `countAsPull` moves lastRecordedPullTime (GET, not HEAD). `accepted` are the media types the client understands
   * (all when absent): an image asked for by tag is converted to one of them where that can be, as in BatchGetImage.
   */
  getManifest(
    call: Call,
    repository: string,
    reference: Reference,
    countAsPull: boolean,
    accepted?: readonly string[],
  ): Promise<StoredManifest>;
  putManifest(
    call: Call,
    repository: string,
    manifest: PutManifest,
  ): Promise<{ digest: Digest; subject?: Digest; tags: readonly string[] }>;
  /** By tag only the tag goes (and an image without another tag with it, as ECR does); by digest the image and its tags. */
  deleteManifest(call: Call, repository: string, reference: Reference): Promise<void>;
  listReferrers(
    call: Call,
    repository: string,
    subject: Digest,
    page: { artifactType?: string; after?: string; limit: number },
  ): Promise<Page<ReferrerDescriptor>>;

  statLayer(call: Call, repository: string, digest: Digest): Promise<{ size: number }>;
  /** `open` streams the layer, or an inclusive range of it. */
  getLayer(
    call: Call,
    repository: string,
    digest: Digest,
  ): Promise<{ size: number; open(range?: { start: number; end: number }): Promise<Readable> }>;
  deleteLayer(call: Call, repository: string, digest: Digest): Promise<void>;

  startLayerUpload(
    call: Call,
    repository: string,
    options?: { algorithm?: DigestAlgorithm },
  ): Promise<{ uploadId: string }>;
  /** Bytes durably received. */
  layerUploadSize(call: Call, repository: string, uploadId: string): Promise<number>;
  /**
   * Streams to the end of the upload. Where the client says (Content-Range), it must stand at `range.start`, and of a
   * body that goes beyond `range.end` nothing is kept (BlobTooLarge). Resolves to the new size.
   */
  appendToLayerUpload(
    call: Call,
    repository: string,
    uploadId: string,
    body: Readable,
    range?: ByteRange,
  ): Promise<number>;
  finishLayerUpload(
    call: Call,
    repository: string,
    uploadId: string,
    digest: Digest,
  ): Promise<{ size: number }>;
  cancelLayerUpload(call: Call, repository: string, uploadId: string): Promise<void>;
  /** POST with `digest=`: the whole layer in one request. */
  putLayer(call: Call, repository: string, digest: Digest, body: Readable): Promise<{ size: number }>;
  /** False when it cannot be mounted (no such layer that the caller may read); the client then uploads. Without `from`, any readable repository of the account serves. */
  mountLayer(call: Call, repository: string, digest: Digest, from?: string): Promise<boolean>;
}
