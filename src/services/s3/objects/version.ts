import type { Encryption } from "../../../storage/blobs/blob-keys.ts";
import type { ChecksumAlgorithm } from "../call.ts";

/** What a version says of itself beyond its columns; the JSON in `s3_versions.description`. */
export interface ObjectDescription {
  /** Content-Type, Cache-Control, Content-Disposition, Content-Encoding, Content-Language, Expires (as it was written). */
  readonly headers: Readonly<Record<string, string>>;
  /** `x-amz-meta-` names without the prefix, lower case, to values. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly websiteRedirectLocation?: string;
  readonly checksum?: {
    readonly algorithm: ChecksumAlgorithm;
    /** base64; with `-N` when it is COMPOSITE. Absent in an upload in progress. */
    readonly value?: string;
    readonly type: "FULL_OBJECT" | "COMPOSITE";
  };
  readonly encryption: ObjectEncryption;
  /** The multipart upload that became this version: who completes it again is answered as the first time. */
  readonly uploadId?: string;
}

/** How S3 says that an object is encrypted, and by what its bytes are found. */
export interface ObjectEncryption {
  readonly kind: "AES256" | "aws:kms" | "customer" | "none";
  readonly scope: Encryption["scope"];
  /** SSE-KMS. */
  readonly keyArn?: string;
  readonly bucketKey?: boolean;
  /** SSE-KMS: x-amz-server-side-encryption-context, base64 as it came. */
  readonly context?: string;
  /** SSE-C: base64 md5 of the key, which the next request must show again. */
  readonly customerKeyMd5?: string;
}

/** A version as the engine hands it around. */
export interface Version {
  readonly id: string;
  readonly bucketId: string;
  /** As the client writes it. */
  readonly key: string;
  readonly rank: number;
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly size: number;
  readonly etag: string;
  readonly blobId: string | undefined;
  readonly partCount: number;
  readonly storageClass: string;
  readonly description: ObjectDescription;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly noncurrentSince: Date | undefined;
  readonly retention: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly until: Date } | undefined;
  readonly legalHold: boolean;
  /** Undefined where it was never said; OFF when a hold was taken off. */
  readonly legalHoldStatus: "ON" | "OFF" | undefined;
  readonly restoredUntil: number | null;
}

/** What a write puts on top of a key. */
export type NewVersion = Pick<
  Version,
  "key" | "size" | "etag" | "blobId" | "storageClass" | "description" | "tags" | "retention" | "legalHold"
> & {
  /** In order; empty for an object of one piece. */
  readonly parts: readonly NewVersionPart[];
};

export interface NewVersionPart {
  readonly partNumber: number;
  readonly size: number;
  readonly blobId: string;
  readonly checksums: Readonly<Record<string, string>>;
}
