/** The bodies of operations that send a document, read whole and proven before anything is made of them. */
import type { IncomingMessage } from "node:http";
import { AwsError } from "../../aws/errors.ts";
import type { Client } from "../../server/body-shares.ts";
import { type BodyReader, createBodyReader } from "../../server/request-body.ts";
import { type ChecksumAlgorithm, HASH_OF } from "../../services/s3/index.ts";
import { beginHash, type HashAlgorithm } from "../../storage/blobs/hash-algorithms.ts";
import { type AnnouncedChecksum, checkTrailer } from "./announced-checksum.ts";
import { invalidRequest } from "./errors.ts";
import type { Payload } from "./payload.ts";

/** DeleteObjects and CompleteMultipartUpload have the longest: ten thousand parts with their checksums are 3 MiB. */
const LONGEST_DOCUMENT = 8 * 2 ** 20;
/** Of all that are being read at the same time. */
const ALL_DOCUMENTS = 128 * 2 ** 20;

/**
 * The same for those who do not sign: what they may do is decided when the document is here, so they have room of their
 * own. A thousand keys for DeleteObjects fit.
 */
const UNSIGNED = { longest: 2 * 2 ** 20, all: 16 * 2 ** 20 };

/** Those that S3 takes only with a checksum of some kind, for a lost byte could cost much (S3 API reference, each operation). */
const NEEDS_CHECKSUM: ReadonlySet<string> = new Set([
  "DeleteObjects",
  "PutBucketCors",
  "PutBucketLifecycle",
  "PutBucketLifecycleConfiguration",
  "PutBucketReplication",
  "PutObjectLegalHold",
  "PutObjectLockConfiguration",
  "PutObjectRetention",
]);

export interface DocumentReader {
  /** Throws AwsError: MaxMessageLengthExceeded, BadDigest, XAmzContentSHA256Mismatch, InvalidRequest. */
  read(
    operation: string,
    request: IncomingMessage,
    announced: AnnouncedChecksum,
    payload: Payload,
    client: Client,
  ): Promise<Uint8Array>;
}

export function createDocumentReader(): DocumentReader {
  const ofSigners = createBodyReader(LONGEST_DOCUMENT, ALL_DOCUMENTS);
  const ofNobody = createBodyReader(UNSIGNED.longest, UNSIGNED.all);
  return {
    async read(operation, request, { md5, algorithm, value, trailer }, payload, client) {
      const wire =
        client.accessKey === undefined
          ? await readWire(ofNobody, request, client, UNSIGNED.longest)
          : await readWire(ofSigners, request, client, LONGEST_DOCUMENT);
      const body = await payload.decodeWhole(wire);
      const checksum = trailer === undefined ? value : payload.trailer(trailer);
      if (NEEDS_CHECKSUM.has(operation) && md5 === undefined && checksum === undefined)
        throw invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
      if (md5 !== undefined) await checkMd5(md5, body);
      if (algorithm !== undefined && checksum !== undefined) await checkSum(algorithm, checksum, body);
      return body;
    },
  };
}

async function readWire(
  bodies: BodyReader,
  request: IncomingMessage,
  client: Client,
  longest: number,
): Promise<Uint8Array> {
  try {
    return await bodies.read(request, client);
  } catch (error) {
    if (!(error instanceof AwsError) || error.status !== 413) throw error;
    throw new AwsError("MaxMessageLengthExceeded", "Your request was too big.", {
      members: { MaxMessageLengthBytes: longest },
    });
  }
}

async function checkMd5(md5: string, body: Uint8Array): Promise<void> {
  const computed = await hashOf("md5", body);
  if (computed === md5) return;
  throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", {
    members: {
      ExpectedDigest: Buffer.from(md5, "hex").toString("base64"),
      CalculatedDigest: Buffer.from(computed, "hex").toString("base64"),
    },
  });
}

async function checkSum(algorithm: ChecksumAlgorithm, checksum: string, body: Uint8Array): Promise<void> {
  checkTrailer(algorithm, checksum);
  const computed = Buffer.from(await hashOf(HASH_OF[algorithm], body), "hex").toString("base64");
  if (computed !== checksum)
    throw new AwsError("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
}

async function hashOf(algorithm: HashAlgorithm, body: Uint8Array): Promise<string> {
  const hash = await beginHash(algorithm);
  hash.update(body);
  return hash.hex();
}
