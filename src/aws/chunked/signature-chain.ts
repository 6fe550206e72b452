/**
 * The signatures of an aws-chunked body (S3 API reference, "Signature Calculations for the Authorization Header:
 * Transferring Payload in Multiple Chunks"): each one signs its chunk and the signature before it, the first of them
 * the request's own.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { CredentialScope, SignedRequest } from "../sigv4/signed-request.ts";
import { hmac } from "../sigv4/signing-key.ts";
import { formatBasicTime } from "../sigv4/time.ts";

export class SignatureChain {
  readonly #key: Buffer;
  readonly #scope: string;
  #previous: string;

  /** @param key of the scope, as signing-key.ts derives it */
  constructor(
    key: Buffer,
    signed: Pick<SignedRequest, "signedAt" | "signature"> & { scope: CredentialScope },
  ) {
    const { date, region, service } = signed.scope;
    this.#key = key;
    this.#scope = `${formatBasicTime(signed.signedAt)}\n${date}/${region}/${service}/aws4_request`;
    this.#previous = signed.signature;
  }

  /** Whether `signature` is the one of the next chunk. */
  acceptsChunk(signature: string, sha256: string): boolean {
    return this.#accepts(signature, ["AWS4-HMAC-SHA256-PAYLOAD", this.#scope, this.#previous, EMPTY, sha256]);
  }

  /** Whether `signature` is the one of the trailers, which come last. */
  acceptsTrailers(signature: string, trailers: ReadonlyMap<string, string>): boolean {
    const canonical = [...trailers].map(([name, value]) => `${name}:${value}\n`).join("");
    const hash = createHash("sha256").update(canonical, "latin1").digest("hex");
    return this.#accepts(signature, ["AWS4-HMAC-SHA256-TRAILER", this.#scope, this.#previous, hash]);
  }

  #accepts(signature: string, stringToSign: readonly string[]): boolean {
    const expected = hmac(this.#key, stringToSign.join("\n")).toString("hex");
    this.#previous = expected;
    const given = Buffer.from(signature, "latin1");
    return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected, "latin1"));
  }
}

const EMPTY = createHash("sha256").digest("hex");
