import type { S3Call } from "../call.ts";
import { S3Error } from "../s3-error.ts";
import type { Bucket } from "./bucket.ts";

/**
 * A bucket is reached in its own region only (Amazon S3 User Guide, "Virtual hosting of buckets", "Redirects"). SDKs take
 * the right one from the answer and ask again. Throws AuthorizationHeaderMalformed, PermanentRedirect.
 */
export function checkRegion(call: S3Call, bucket: Bucket): void {
  const { region } = bucket;
  if (call.region === region) return;
  const headers = { "x-amz-bucket-region": region };
  if (call.principal.kind === "anonymous")
    throw new S3Error(
      "PermanentRedirect",
      "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
      {
        status: 301,
        members: { Endpoint: `${bucket.name}.s3.${region}.amazonaws.com`, Bucket: bucket.name },
        headers,
      },
    );
  throw new S3Error(
    "AuthorizationHeaderMalformed",
    `The authorization header is malformed; the region '${call.region}' is wrong; expecting '${region}'`,
    { status: 400, members: { Region: region }, headers },
  );
}
