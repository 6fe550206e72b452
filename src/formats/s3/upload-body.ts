/** The body of an upload on its way to the engine: framing removed, and checked against what was signed while it flows. */
import { createHash, timingSafeEqual } from "node:crypto";
import { pipeline, type Readable, Transform, type TransformCallback } from "node:stream";
import { AwsError } from "../../aws/errors.ts";
import type { PayloadDeclaration } from "../../aws/sigv4/payload.ts";
import type { UploadBody } from "../../services/s3/index.ts";
import { readAnnouncedChecksum } from "./announced-checksum.ts";
import { invalidArgument, missingContentLength } from "./errors.ts";
import type { RequestHead } from "./request-head.ts";

/** Throws AwsError: MissingContentLength, InvalidDigest, InvalidRequest. */
export function openUpload(head: RequestHead, payload: PayloadDeclaration, bytes: Readable): UploadBody {
  const announced = readAnnouncedChecksum(head.header);
  const length = contentLength(head, "content-length");
  return {
    stream: payload.kind === "sha256" ? checkingSha256(bytes, payload.sha256) : bytes,
    length,
    md5: announced.md5,
    algorithm: announced.algorithm,
    checksum: () => announced.value,
  };
}

function contentLength(head: RequestHead, name: string): number {
  const text = head.header(name);
  if (text === undefined) throw missingContentLength();
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument("The value must be an integer.", name, text);
  return Number(text);
}

function checkingSha256(bytes: Readable, sha256: string): Readable {
  const check = new Sha256Check(sha256);
  // What fails is told to whoever reads.
  pipeline(bytes, check, () => undefined);
  return check;
}

/** Passes bytes on, and fails in the place of its end when they are not those that were signed. */
class Sha256Check extends Transform {
  readonly #declared: string;
  readonly #hash = createHash("sha256");

  constructor(declared: string) {
    super();
    this.#declared = declared;
    this.on("error", () => undefined);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    done(sha256Problem(this.#declared, this.#hash.digest()));
  }
}

/** Null when the body is the one that was signed. */
export function sha256Problem(declared: string, computed: Buffer): AwsError | null {
  if (timingSafeEqual(Buffer.from(declared, "hex"), computed)) return null;
  return new AwsError(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    {
      members: {
        ClientComputedContentSHA256: declared,
        S3ComputedContentSHA256: computed.toString("hex"),
      },
    },
  );
}
