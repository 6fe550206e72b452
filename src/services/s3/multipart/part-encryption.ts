import type { Encryption } from "../../../storage/blobs/blob-keys.ts";
import type { Bucket } from "../buckets/bucket.ts";
import { invalidRequest } from "../buckets/errors.ts";
import type { S3Call } from "../call.ts";
import type { S3Context } from "../context.ts";
import { type CustomerKeyInput, customerEncryption, customerKeyOf } from "../objects/customer-key.ts";
import { checkDecrypt } from "../objects/object-encryption.ts";
import type { Upload } from "./uploads.ts";

/**
 * Under which key the parts of an upload lie: that of its beginning. A customer's key has to be shown again with each
 * part. Under a KMS key S3 asks for kms:Decrypt from here on, as it opens the data key that was made in the beginning. Throws InvalidRequest, AccessDenied, KMS's errors.
 */
export async function partEncryption(
  s3: S3Context,
  call: S3Call,
  bucket: Bucket,
  upload: Upload,
  input: CustomerKeyInput,
): Promise<Encryption> {
  const { encryption } = upload.description;
  const given = customerKeyOf(call, input);
  if (encryption.kind === "customer") {
    if (given === undefined)
      throw invalidRequest(
        "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
      );
    const shown = await customerEncryption(s3, given);
    if (shown.scope !== encryption.scope)
      throw invalidRequest("The provided encryption parameters did not match the ones used originally.");
    return shown;
  }
  if (given !== undefined)
    throw invalidRequest(
      "The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.",
    );
  await checkDecrypt(s3, call, bucket, upload);
  return { scope: encryption.scope };
}
