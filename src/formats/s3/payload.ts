/** What came over the wire as a body, and the bytes that are meant by it: framing removed, signatures checked. */
import { createHash } from "node:crypto";
import { pipeline, Readable, Transform, type TransformCallback } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ChunkedDecoder } from "../../aws/chunked/decoder.ts";
import { SignatureChain } from "../../aws/chunked/signature-chain.ts";
import { AwsError } from "../../aws/errors.ts";
import {
  type PayloadDeclaration,
  readPayloadDeclaration,
  type StreamingMode,
  UNSIGNED_PAYLOAD,
} from "../../aws/sigv4/payload.ts";
import { SignatureProblem } from "../../aws/sigv4/problems.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Caller } from "./caller.ts";
import { invalidArgument, invalidRequest, missingContentLength } from "./errors.ts";
import type { RequestHead } from "./request-head.ts";

export interface Payload {
  /** Of the bytes that are meant; undefined where the client did not say (documents may come so). */
  readonly length: number | undefined;
  /** Turns what comes over the wire into what is meant; what is wrong is said in the place of its end. */
  decode(wire: Readable): Readable;
  /** The same for a body that is here. */
  decodeWhole(wire: Uint8Array): Promise<Uint8Array>;
  /** A trailer by its lower-case name, once the decoded stream has ended. */
  trailer(name: string): string | undefined;
}

/** Throws AwsError before anything of the body is read. */
export async function openPayload(
  head: RequestHead,
  { signed }: Caller,
  identity: Pick<Identity, "signerOf">,
): Promise<Payload> {
  const declared = signed?.payload ?? anonymousPayload(head.header("x-amz-content-sha256"));
  if (declared.kind !== "streaming") return plainPayload(head, declared);
  const { signedChunks, trailers } = MODES[declared.mode] ?? refuseMode(declared.mode);
  let signatures: SignatureChain | undefined;
  if (signedChunks) {
    const signer = signed && (await identity.signerOf(signed.accessKeyId, signed.scope));
    // The key was there a moment ago, when the request's own signature was checked.
    if (!signed || !signer) throw new SignatureProblem("unknown-key");
    signatures = new SignatureChain(signer.key, signed);
  }
  const decodedLength = lengthOf(head.header("x-amz-decoded-content-length"));
  // S3 says so of lengths that are none, too.
  if (decodedLength === undefined) throw missingContentLength();
  const trailer = trailers ? head.header("x-amz-trailer")?.trim().toLowerCase() : undefined;
  let decoder: ChunkedDecoder | undefined;
  const decode = (wire: Readable): Readable => {
    decoder = new ChunkedDecoder({ decodedLength, signatures, trailer, endsWithTrailers: trailers });
    return through(wire, decoder);
  };
  return {
    length: decodedLength,
    decode,
    decodeWhole: (wire) => buffer(decode(Readable.from([wire], { objectMode: false }))),
    trailer: (name) => decoder?.trailers.get(name),
  };
}

const MODES: Partial<
  Readonly<Record<StreamingMode, { readonly signedChunks: boolean; readonly trailers: boolean }>>
> = {
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signedChunks: false, trailers: true },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signedChunks: true, trailers: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signedChunks: true, trailers: true },
};

function refuseMode(mode: StreamingMode): never {
  throw new AwsError(
    "NotImplemented",
    `Chunks signed with ECDSA (${mode}) exist at AWS, but Shosoin does not take them. Please use AWS4-HMAC-SHA256.`,
    { status: 501 },
  );
}

/** Nobody can declare a sha256 that would be checked, or leave the body unsigned; nobody can sign chunks. */
function anonymousPayload(declared: string | undefined): PayloadDeclaration {
  if (declared === undefined) return { kind: "unsigned" };
  const payload = readPayloadDeclaration("s3", declared, true);
  if (payload.kind === "streaming" && payload.mode !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    throw invalidRequest(
      "Anonymous requests don't support this x-amz-content-sha256 value. Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
    );
  return payload;
}

function plainPayload(head: RequestHead, declared: PayloadDeclaration): Payload {
  const coding = head.header("content-encoding");
  const unsigned = head.header("x-amz-content-sha256") === UNSIGNED_PAYLOAD;
  if (unsigned && coding !== undefined && /(^|,)\s*aws-chunked\s*(,|$)/i.test(coding))
    throw invalidArgument(
      "aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied.",
      "Content-Encoding",
      coding,
    );
  return {
    length: lengthOf(head.header("content-length")),
    decode: (wire) => (declared.kind === "sha256" ? through(wire, new Sha256Check(declared.sha256)) : wire),
    async decodeWhole(wire) {
      if (declared.kind === "sha256") checkSha256(declared.sha256, wire);
      return wire;
    },
    trailer: () => undefined,
  };
}

function lengthOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function through(wire: Readable, transform: Transform): Readable {
  // What fails is told to whoever reads.
  pipeline(wire, transform, () => undefined);
  return transform;
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
    const computed = this.#hash.digest("hex");
    done(computed === this.#declared ? null : sha256Mismatch(this.#declared, computed));
  }
}

function checkSha256(declared: string, body: Uint8Array): void {
  if (body.byteLength === 0 && declared === EMPTY) return;
  const computed = createHash("sha256").update(body).digest("hex");
  if (computed !== declared) throw sha256Mismatch(declared, computed);
}

/** Nearly every request without a body declares it. */
const EMPTY = createHash("sha256").digest("hex");

function sha256Mismatch(declared: string, computed: string): AwsError {
  return new AwsError(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { members: { ClientComputedContentSHA256: declared, S3ComputedContentSHA256: computed } },
  );
}
