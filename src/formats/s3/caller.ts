/** Who sends a request to S3, and for which region: by header, by presigned query, or nobody in particular. */
import { AwsError } from "../../aws/errors.ts";
import type { AccountId, Region } from "../../aws/names.ts";
import { isPresignedV2, parsePresignedV2 } from "../../aws/sigv2/presigned.ts";
import { parseSignedRequest } from "../../aws/sigv4/parse.ts";
import { SignatureProblem } from "../../aws/sigv4/problems.ts";
import { splitTarget } from "../../aws/sigv4/raw-query.ts";
import { signsAsS3 } from "../../aws/sigv4/s3-signing.ts";
import type { RawRequest, SignedRequest } from "../../aws/sigv4/signed-request.ts";
import type { Anonymous, Principal } from "../../identity/call.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Arrival } from "../../server/door.ts";
import { bucketOfHost } from "../../server/s3-requests.ts";

export interface Caller {
  readonly principal: Principal | Anonymous;
  /** Undefined where neither signature nor host names one: the bucket's own then. */
  readonly region: Region | undefined;
  /** By Signature Version 4. */
  readonly signed: SignedRequest | undefined;
  /** Whether x-amz-* parameters of the query stand for headers. */
  readonly presigned: boolean;
  /** When a browser's form was signed; Signature Version 2 does not say it. */
  readonly form?: { readonly version: "AWS4-HMAC-SHA256" | "AWS"; readonly signedAt: Date | undefined };
}

export const ANONYMOUS: Anonymous = {
  kind: "anonymous",
  // The brand says twelve digits; nobody's account must be equal to none of those.
  account: "anonymous" as AccountId,
  arn: "anonymous",
  userId: "anonymous",
  accessKeyId: "",
};

/** Throws SignatureProblem, or an AwsError where the signature is for another region or service. */
export async function identify(
  raw: RawRequest,
  identity: Pick<Identity, "authenticate" | "authenticateV2">,
  { host, receivedAt }: Arrival,
): Promise<Caller> {
  if (isPresignedV2(splitTarget(raw.target).query)) {
    const { accessKeyId, signature, stringToSign } = parsePresignedV2(raw, bucketOfHost(host), receivedAt);
    const principal = await identity.authenticateV2(accessKeyId, stringToSign, signature);
    return { principal, region: host.region, signed: undefined, presigned: true };
  }
  const signed = signedRequest(raw, receivedAt);
  if (!signed) return { principal: ANONYMOUS, region: host.region, signed, presigned: false };
  checkScope(signed.scope, signed.presigned, host.region);
  const principal = await identity.authenticate(signed, raw);
  return { principal, region: signed.scope.region, signed, presigned: signed.presigned };
}

function signedRequest(raw: RawRequest, now: Date): SignedRequest | undefined {
  try {
    return parseSignedRequest(raw, now);
  } catch (error) {
    if (error instanceof SignatureProblem && error.situation === "unsigned") return undefined;
    throw error;
  }
}

function checkScope(scope: SignedRequest["scope"], presigned: boolean, hostRegion: Region | undefined): void {
  if (!signsAsS3(scope.service))
    throw malformedScope(presigned, `incorrect service "${scope.service}". This endpoint belongs to "s3".`);
  if (hostRegion !== undefined && hostRegion !== scope.region)
    throw malformedScope(presigned, `the region '${scope.region}' is wrong; expecting '${hostRegion}'`, {
      Region: hostRegion,
    });
}

function malformedScope(
  presigned: boolean,
  detail: string,
  members: Readonly<Record<string, string>> = {},
): AwsError {
  return presigned
    ? new AwsError(
        "AuthorizationQueryParametersError",
        `Error parsing the X-Amz-Credential parameter; ${detail}`,
        {
          members,
        },
      )
    : new AwsError("AuthorizationHeaderMalformed", `The authorization header is malformed; ${detail}`, {
        members,
      });
}
