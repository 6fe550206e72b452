import { createHmac, timingSafeEqual } from "node:crypto";
import { SignatureProblem } from "../sigv4/problems.ts";

/** Returns if `secretAccessKey` signed the text: base64 of its HMAC-SHA1. Throws SignatureProblem. */
export function verifySignatureV2(secretAccessKey: string, text: string, signature: string): void {
  const expected = createHmac("sha1", secretAccessKey).update(text, "utf8").digest();
  const given = Buffer.from(signature, "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new SignatureProblem("mismatch");
}
