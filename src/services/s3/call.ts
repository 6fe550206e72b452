import type { Readable } from "node:stream";
import type { OperationTable } from "../../aws/service.ts";
import type { OpenCall } from "../../identity/call.ts";

export type { Anonymous } from "../../identity/call.ts";

/** The checksums of the S3 API, in its own words (ChecksumAlgorithm of the SDK, in which CRC64NVME is the default). */
export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "SHA1"
  | "SHA256"
  | "SHA512"
  | "MD5"
  | "XXHASH64"
  | "XXHASH3"
  | "XXHASH128";

/** The body of PutObject, UploadPart and PostObject, as the door lends it: framing removed, signatures of chunks checked. */
export interface UploadBody {
  /**
   * The object's bytes. Fails with an AwsError where framing, a chunk's signature, the declared length or the signed
   * sha256 is wrong (IncompleteBody, SignatureDoesNotMatch, XAmzContentSHA256Mismatch): before its end, so what was
   * taken so far must not be committed.
   */
  readonly stream: Readable;
  /**
   * In bytes, after decoding. The door has refused what does not say it (411 MissingContentLength); only a browser's
   * form does not know: undefined then.
   */
  readonly length: number | undefined;
  /** Of Content-MD5, lower-case hex. */
  readonly md5: string | undefined;
  /** The algorithm that the client announced: by a checksum header, x-amz-trailer or x-amz-sdk-checksum-algorithm. */
  readonly algorithm: ChecksumAlgorithm | undefined;
  /** What the client says that the checksum is, base64; from a header, or from the trailer once `stream` has ended. */
  checksum(): string | undefined;
}

/** One request to S3. */
export interface S3Call extends OpenCall {
  /** Of operations whose input streams; undefined for all others. */
  readonly body: UploadBody | undefined;
  /** A header that the SDK's input has no member for (`x-amz-mfa`, `x-amz-expected-bucket-owner`, `referer`); name in lower case. */
  header(name: string): string | undefined;
  /** How it was signed, for bucket policies (`s3:authType`, `s3:signatureAge`); undefined for nobody's requests. */
  readonly signature?:
    | {
        readonly type: "REST-HEADER" | "REST-QUERY-STRING" | "POST";
        readonly version: "AWS4-HMAC-SHA256" | "AWS";
        /** Version 2 does not say it. */
        readonly signedAt: Date | undefined;
      }
    | undefined;
  /** `1.3`; undefined where the door does not know, and over plain HTTP. */
  readonly tlsVersion?: string | undefined;
}

/** An answer that a handler has written itself, because the SDK's serializer is too slow for long lists. */
export class XmlDocument {
  /** With its declaration; without any text the answer has no body. */
  readonly xml: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** 202 of RestoreObject. */
  readonly status: number;

  constructor(xml: string, headers: Readonly<Record<string, string>> = {}, status = 200) {
    this.xml = xml;
    this.headers = headers;
    this.status = status;
  }
}

/** 204, where the SDK's model says 200 and S3 does not: PutBucketPolicy, PutBucketTagging. */
export const NO_CONTENT: XmlDocument = new XmlDocument("", {}, 204);

type Answers<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends
    | ((call: infer C, input: infer Input) => Promise<infer Output>)
    | undefined
    ? (call: C, input: Input) => Promise<Output | XmlDocument>
    : never;
};

/** What each room of S3 contributes: its operations by name. The body of an upload is in the call, not in `input.Body`. */
export type S3Operations = Answers<OperationTable<typeof import("@aws-sdk/client-s3"), S3Call>>;
