/**
 * How new bytes are encrypted and who may read old ones (Amazon S3 user guide, "Protecting data with encryption"): what
 * the request says, else the bucket's default, else AES256. KMS is asked whether the caller may use the key; a caller
 * without a key id gets the AWS managed key of its account.
 */
import type { Call } from "../../../identity/call.ts";
import type { Encryption } from "../../../storage/blobs/blob-keys.ts";
import type { EncryptionContext, KmsKeyArn } from "../../kms/kms-keys.ts";
import { type Bucket, bucketArn, objectArn } from "../buckets/bucket.ts";
import { accessDenied, invalidArgument, invalidRequest, notImplemented } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import {
  type CustomerKeyInput,
  checkCustomerKeysAllowed,
  customerEncryption,
  customerKeyOf,
} from "./customer-key.ts";
import { askingKms } from "./kms-errors.ts";
import type { ObjectEncryption, Version } from "./version.ts";

export interface EncryptionInput extends CustomerKeyInput {
  readonly Key?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSEKMSEncryptionContext?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}

/** `encryption` is for the blobs, `description` for the version. */
export interface ChosenEncryption {
  readonly encryption: Encryption;
  readonly description: ObjectEncryption;
}

const SSE = "x-amz-server-side-encryption";
const SERVER: ChosenEncryption = {
  encryption: { scope: "server" },
  description: { kind: "AES256", scope: "server" },
};

/** Throws InvalidArgument, InvalidRequest, AccessDenied, NotImplemented, KMS.DisabledException and the like. */
export async function encryptionFor(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  input: EncryptionInput,
): Promise<ChosenEncryption> {
  const customerKey = customerKeyOf(call, input);
  const { ServerSideEncryption: asked, SSEKMSKeyId: keyId } = input;
  if (customerKey !== undefined) {
    if (asked !== undefined)
      throw invalidArgument(
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        SSE,
        asked,
      );
    checkCustomerKeysAllowed(bucket);
    const encryption = await customerEncryption(s3, customerKey);
    const { scope } = encryption;
    return { encryption, description: { kind: "customer", scope, customerKeyMd5: customerKey.md5 } };
  }
  if (keyId !== undefined && asked !== "aws:kms" && asked !== "aws:kms:dsse")
    throw invalidArgument(
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      SSE,
      asked,
    );
  const standard = bucket.settings.encryption?.Rules?.[0];
  const byDefault = standard?.ApplyServerSideEncryptionByDefault;
  const algorithm = asked ?? byDefault?.SSEAlgorithm ?? "AES256";
  if (algorithm === "AES256") return SERVER;
  if (algorithm === "aws:kms:dsse") throw notImplemented("dual-layer encryption (aws:kms:dsse)");
  if (algorithm !== "aws:kms")
    throw invalidArgument("The encryption method specified is not supported", SSE, algorithm);
  return underKms(s3, call, bucket, {
    key: input.Key ?? "",
    keyId: asked === undefined ? byDefault?.KMSMasterKeyID : keyId,
    context: input.SSEKMSEncryptionContext,
    bucketKey: input.BucketKeyEnabled ?? standard?.BucketKeyEnabled ?? false,
  });
}

async function underKms(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  wanted: {
    readonly key: string;
    readonly keyId: string | undefined;
    readonly context: string | undefined;
    readonly bucketKey: boolean;
  },
): Promise<ChosenEncryption> {
  const signed = signedCall(call);
  const inBucketsRegion = { ...signed, account: signed.principal.account, region: bucket.region };
  return askingKms(async () => {
    const arn =
      wanted.keyId === undefined
        ? await s3.kms.awsManagedKey(inBucketsRegion, "s3")
        : await s3.kms.resolve(inBucketsRegion, wanted.keyId);
    const description: ObjectEncryption = {
      kind: "aws:kms",
      scope: arn,
      keyArn: arn,
      bucketKey: wanted.bucketKey,
      ...(wanted.context !== undefined && { context: wanted.context }),
    };
    await s3.kms.checkUse(inBucketsRegion, arn, {
      actions: ["kms:GenerateDataKey"],
      viaService: "s3",
      encryptionContext: contextOf(bucket, wanted.key, description),
    });
    return { encryption: { scope: arn }, description };
  });
}

/** KMS keys are for those who sign: nobody in particular has none. */
function signedCall(call: S3Call): Call {
  const { principal } = call;
  if (principal.kind === "anonymous") throw accessDenied();
  return { ...call, principal };
}

/** What the data key is bound to: the object, or with a bucket key the bucket, and what the client added. */
function contextOf(bucket: Bucket, key: string, { bucketKey, context }: ObjectEncryption): EncryptionContext {
  const arn = bucketKey === true ? bucketArn(bucket.name) : objectArn(bucket.name, key);
  return { ...clientContext(context), "aws:s3:arn": arn };
}

function clientContext(text: string | undefined): EncryptionContext {
  if (text === undefined) return {};
  const refused = invalidArgument(
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
    `${SSE}-context`,
    text,
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    throw refused;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw refused;
  const entries = Object.entries(parsed);
  if (entries.length > 100 || !entries.every(([, value]) => typeof value === "string")) throw refused;
  return Object.fromEntries(entries);
}

/**
 * May this caller read the version's bytes, and with which key of its own? Throws InvalidRequest where SSE-C headers are
 * missing or have no place, AccessDenied for another key, and what KMS says of its key.
 */
export async function readingKey(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  version: Version,
  input: CustomerKeyInput,
): Promise<Uint8Array | undefined> {
  const given = customerKeyOf(call, input);
  const { encryption } = version.description;
  if (encryption.kind !== "customer") {
    if (given !== undefined)
      throw invalidRequest("The encryption parameters are not applicable to this object.");
    await checkDecrypt(s3, call, bucket, version);
    return undefined;
  }
  if (given === undefined)
    throw invalidRequest(
      "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
    );
  // The name of the scope tells two keys apart; md5 would too, but for those who can make collisions.
  const { scope } = await customerEncryption(s3, given);
  if (scope !== encryption.scope)
    throw accessDenied(
      "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
    );
  return given.key;
}

/**
 * May this caller read what lies under a KMS key, and can it be read? Parts become an object only for those who may, as S3
 * would have to read them (API reference, "CompleteMultipartUpload"). Throws AccessDenied and what KMS says of its key.
 */
export async function checkDecrypt(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  { key, description: { encryption } }: Pick<Version, "key" | "description">,
): Promise<void> {
  if (encryption.kind !== "aws:kms") return;
  const signed = { ...signedCall(call), region: bucket.region };
  await askingKms(() =>
    s3.kms.checkUse(signed, encryption.scope as KmsKeyArn, {
      actions: ["kms:Decrypt"],
      viaService: "s3",
      encryptionContext: contextOf(bucket, key, encryption),
    }),
  );
}

/** The members of an answer that say how the object is encrypted. The context is told to those who write only. */
export function encryptionHeaders(encryption: ObjectEncryption, written?: "written") {
  switch (encryption.kind) {
    case "none":
      return {};
    case "AES256":
      return { ServerSideEncryption: "AES256" as const };
    case "customer":
      return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: encryption.customerKeyMd5 };
    case "aws:kms":
      return {
        ServerSideEncryption: "aws:kms" as const,
        SSEKMSKeyId: encryption.keyArn,
        ...(encryption.bucketKey === true && { BucketKeyEnabled: true }),
        ...(written && encryption.context !== undefined && { SSEKMSEncryptionContext: encryption.context }),
      };
  }
}
