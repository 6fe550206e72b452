import { createHmac } from "node:crypto";
import { BoundedCache } from "../../bounded-cache.ts";
import type { CredentialScope } from "./signed-request.ts";

const derived = new BoundedCache<string, Buffer>(1_000);

/**
 * The key that signs one day's requests to one service in one region (IAM User Guide, "Create a signed AWS API
 * request", step 4). Derivation takes four HMACs, so the last thousand keys are kept.
 */
export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  const name = JSON.stringify([secretAccessKey, scope.date, scope.region, scope.service]);
  const known = derived.get(name);
  if (known) return known;
  let key = hmac(`AWS4${secretAccessKey}`, scope.date);
  for (const part of [scope.region, scope.service, "aws4_request"]) key = hmac(key, part);
  derived.set(name, key);
  return key;
}

export function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}
