import type { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { CONNECTION_CODES } from "../connection-codes.ts";
import { BlobStoreUnusable, StorageFull, StorageUnavailable } from "./errors.ts";
import { errorCode } from "./files.ts";
import type { Multipart, Part, StoredObject } from "./s3-state.ts";

export interface S3Settings {
  readonly bucket: string;
  /** "" or a path that ends in "/". */
  readonly prefix: string;
  readonly region: string;
  /** Undefined for AWS itself. */
  readonly endpoint: string | undefined;
  readonly pathStyle: boolean;
}

/** With the growing pauses between them, about as long as a store takes to start again. */
const ATTEMPTS = 6;

/** The S3 requests that blobs need, in the words of blobs. Keys are whole keys, prefix included. */
export class S3Objects {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #place: string;

  /** Credentials come from the SDK's usual places: environment, profile, container or instance role. */
  constructor(settings: S3Settings, { attempts = ATTEMPTS }: { readonly attempts?: number } = {}) {
    this.#bucket = settings.bucket;
    this.#place = settings.endpoint ?? `AWS, region ${settings.region}`;
    this.#client = new S3Client({
      region: settings.region,
      forcePathStyle: settings.pathStyle,
      ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
      // Stores other than AWS refuse the checksums that the SDK adds; the signature covers the payload anyway.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      maxAttempts: attempts,
      requestHandler: {
        connectionTimeout: 5000,
        socketTimeout: 30_000,
        httpAgent: { maxSockets: 256, keepAlive: true },
        httpsAgent: { maxSockets: 256, keepAlive: true },
      },
    });
  }

  async checkBucket(): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }));
    } catch (cause) {
      throw new BlobStoreUnusable(
        `the bucket ${this.#bucket} at ${this.#place} cannot be used: ${reasonOf(cause)}. ` +
          "Check --blobs, and the credentials of the usual AWS environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, ...).",
        { cause },
      );
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<StoredObject> {
    await typedErrors(() =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes })),
    );
    return { key, size: bytes.length };
  }

  /** Undefined when there is no such object. */
  async size(key: string): Promise<number | undefined> {
    return this.#unlessMissing(async () => {
      const answer = await typedErrors(() =>
        this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key })),
      );
      return answer.ContentLength;
    });
  }

  /** Undefined when there is no such object, or it has not that many bytes. */
  async read(key: string, start: number, end: number): Promise<Readable | undefined> {
    return this.#unlessMissing(async () => {
      const range = `bytes=${start}-${end}`;
      const answer = await typedErrors(() =>
        this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key, Range: range })),
      );
      const body = answer.Body as Readable;
      // A reader that stops early makes the connection report an error when nobody listens any more.
      body.on("error", () => undefined);
      if (answer.ContentLength === end - start + 1) return body;
      body.destroy();
      return undefined;
    });
  }

  async createMultipart(key: string): Promise<Multipart> {
    const answer = await typedErrors(() =>
      this.#client.send(new CreateMultipartUploadCommand({ Bucket: this.#bucket, Key: key })),
    );
    return { key, uploadId: given(answer.UploadId), parts: [] };
  }

  /** `index` counts from 0. */
  async putPart(multipart: Multipart, index: number, bytes: Uint8Array): Promise<Part> {
    const answer = await typedErrors(() =>
      this.#client.send(new UploadPartCommand({ ...this.#part(multipart, index), Body: bytes })),
    );
    return { etag: given(answer.ETag), size: bytes.length };
  }

  async copyPart(
    multipart: Multipart,
    index: number,
    from: string,
    start: number,
    end: number,
  ): Promise<Part> {
    const answer = await typedErrors(() =>
      this.#client.send(
        new UploadPartCopyCommand({
          ...this.#part(multipart, index),
          CopySource: `${this.#bucket}/${encodeURIComponent(from)}`,
          CopySourceRange: `bytes=${start}-${end}`,
        }),
      ),
    );
    return { etag: given(answer.CopyPartResult?.ETag), size: end - start + 1 };
  }

  async completeMultipart(multipart: Multipart): Promise<void> {
    await typedErrors(() =>
      this.#client.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: multipart.key,
          UploadId: multipart.uploadId,
          MultipartUpload: {
            Parts: multipart.parts.map((part, index) => ({ PartNumber: index + 1, ETag: part.etag })),
          },
        }),
      ),
    );
  }

  async delete(key: string): Promise<void> {
    await typedErrors(() => this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })));
  }

  /** Removes every object and every unfinished multipart upload below a prefix (a few: those of one blob). */
  async deleteBelow(prefix: string): Promise<void> {
    const where = { Bucket: this.#bucket, Prefix: prefix };
    const { Uploads = [] } = await typedErrors(() =>
      this.#client.send(new ListMultipartUploadsCommand(where)),
    );
    for (const { Key, UploadId } of Uploads) {
      if (!Key?.startsWith(prefix)) continue;
      await this.#unlessMissing(() =>
        typedErrors(() =>
          this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId })),
        ),
      );
    }
    const { Contents = [] } = await typedErrors(() => this.#client.send(new ListObjectsV2Command(where)));
    for (const { Key } of Contents) if (Key?.startsWith(prefix)) await this.delete(Key);
  }

  close(): void {
    this.#client.destroy();
  }

  #part(multipart: Multipart, index: number) {
    return {
      Bucket: this.#bucket,
      Key: multipart.key,
      UploadId: multipart.uploadId,
      PartNumber: index + 1,
    };
  }

  async #unlessMissing<Result>(run: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await run();
    } catch (error) {
      if (saysMissing(error)) return undefined;
      throw error;
    }
  }
}

/** Runs a request; what its caller can do something about is thrown as an error of errors.ts. */
async function typedErrors<Result>(send: () => Promise<Result>): Promise<Result> {
  try {
    return await send();
  } catch (error) {
    if (saysFull(error)) throw new StorageFull("the object store has no room", { cause: error });
    if (saysUnavailable(error)) {
      throw new StorageUnavailable(`the object store does not answer: ${reasonOf(error)}`, { cause: error });
    }
    throw error;
  }
}

const MISSING = new Set(["NoSuchKey", "NoSuchUpload", "NotFound", "InvalidRange"]);
const FULL = new Set(["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage", "InsufficientCapacity"]);

/** The object, the multipart upload, or the wanted bytes of it, are not there. */
export function saysMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && MISSING.has(error.name);
}

function saysFull(error: unknown): boolean {
  return (
    error instanceof S3ServiceException && (FULL.has(error.name) || error.$metadata.httpStatusCode === 507)
  );
}

/** After the SDK's own attempts. Whatever else goes wrong says a word of S3's: a refusal, or our mistake. */
function saysUnavailable(error: unknown): boolean {
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode;
    return status === undefined || status >= 500 || status === 429;
  }
  if (!(error instanceof Error)) return false;
  return error.name === "TimeoutError" || CONNECTION_CODES.has(errorCode(error) ?? "");
}

/** What a HEAD is refused with has no words, only a status. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const words = error.message === "" || error.message === "UnknownError" ? error.name : error.message;
  return status === undefined ? words : `${words} (${status})`;
}

function given(value: string | undefined): string {
  if (value === undefined) throw new Error("the object store's answer lacks a value that S3 promises");
  return value;
}
