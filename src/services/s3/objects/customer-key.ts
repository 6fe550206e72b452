/** SSE-C: keys that come with every request and are kept nowhere (Amazon S3 user guide, "Using SSE-C"). */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "../../../aws/errors.ts";
import type { Encryption } from "../../../storage/blobs/blob-keys.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { accessDenied, invalidArgument, invalidRequest } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";

export interface CustomerKeyInput {
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSECustomerKeyMD5?: string | undefined;
}

export interface CustomerKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** base64 */
  readonly md5: string;
}

const MUST = "Requests specifying Server Side Encryption with Customer provided keys must";
const HEADER = "x-amz-server-side-encryption-customer";

/**
 * The key of a request, if it has one. Throws InvalidArgument where its three headers do not fit together, and
 * InvalidRequest over a connection that others can read: AWS takes keys over https only, this server also from loopback.
 */
export function customerKeyOf(call: S3Call, input: CustomerKeyInput): CustomerKey | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: text, SSECustomerKeyMD5: md5 } = input;
  if (algorithm === undefined && text === undefined && md5 === undefined) return undefined;
  if (!call.secure && !isLoopback(call.sourceIp))
    throw invalidRequest(`${MUST} be made over a secure connection.`);
  if (algorithm !== undefined && algorithm !== "AES256")
    throw new AwsError(
      "InvalidEncryptionAlgorithmError",
      "The Encryption request you specified is not valid. Supported value: AES256.",
      { members: { ArgumentName: "x-amz-server-side-encryption", ArgumentValue: algorithm } },
    );
  if (algorithm === undefined)
    throw invalidArgument(`${MUST} provide a valid encryption algorithm.`, `${HEADER}-algorithm`);
  if (text === undefined)
    throw invalidArgument(`${MUST} provide an appropriate secret key.`, `${HEADER}-key`, "null");
  if (md5 === undefined)
    throw invalidArgument(
      `${MUST} provide the client calculated MD5 of the secret key.`,
      `${HEADER}-key-MD5`,
      "null",
    );
  const key = Buffer.from(text, "base64");
  if (key.byteLength !== 32)
    throw invalidArgument("The secret key was invalid for the specified algorithm.", `${HEADER}-key`);
  const calculated = createHash("md5").update(key).digest();
  const said = Buffer.from(md5, "base64");
  if (said.byteLength !== calculated.byteLength || !timingSafeEqual(said, calculated))
    throw invalidArgument(
      "The calculated MD5 hash of the key did not match the hash that was provided.",
      `${HEADER}-key-MD5`,
      md5,
    );
  return { key, md5: calculated.toString("base64") };
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || /^(::ffff:)?127\./.test(ip);
}

/**
 * Buckets refuse new objects under customers' keys unless their encryption configuration says that nothing is blocked:
 * AWS's default since April 2026. Objects that are there can be read.
 */
export function checkCustomerKeysAllowed(bucket: Bucket): void {
  const blocked = bucket.settings.encryption?.Rules?.[0]?.BlockedEncryptionTypes?.EncryptionType;
  if (blocked === undefined || blocked.includes("SSE-C"))
    throw accessDenied("The bucket's encryption configuration does not allow the SSE-C encryption type.");
}

/** Its scope tells keys apart and says nothing of the key: a hash that only this installation can compute. */
export async function customerEncryption(s3: S3Context, { key }: CustomerKey): Promise<Encryption> {
  const secret = await s3.secrets.key("s3-customer-keys");
  const name = createHmac("sha256", secret).update(key).digest("hex");
  return { scope: `customer/${name}`, customerKey: key };
}
