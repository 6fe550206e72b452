import type { Region } from "../../aws/names.ts";
import type { Arrival } from "../../server/door.ts";
import type { S3, S3Call } from "../../services/s3/index.ts";
import type { Caller } from "./caller.ts";
import type { RequestHead } from "./request-head.ts";

/** Of calls about no bucket that is there, by callers who name no region. */
const DEFAULT_REGION = "us-east-1" as Region;

/** @param input as the model read it */
export async function callOf(
  s3: Pick<S3, "regionOf">,
  caller: Caller,
  arrival: Arrival,
  head: Pick<RequestHead, "header">,
  input: object,
): Promise<S3Call> {
  const { principal, region } = caller;
  const bucket: unknown = Reflect.get(input, "Bucket");
  const own = region === undefined && typeof bucket === "string" ? await s3.regionOf(bucket) : undefined;
  return {
    principal,
    account: principal.account,
    region: region ?? own ?? DEFAULT_REGION,
    requestId: arrival.requestId,
    now: arrival.receivedAt,
    signal: arrival.signal,
    sourceIp: arrival.sourceIp,
    secure: arrival.secure,
    baseUrl: arrival.baseUrl,
    body: undefined,
    header: head.header,
    signature: signatureOf(caller),
    tlsVersion: arrival.tlsVersion,
  };
}

/** What bucket policies can ask of a signature (S3 User Guide, "Signature Version 4 authentication specific policy keys"). */
function signatureOf({ principal, signed, presigned, form }: Caller): S3Call["signature"] {
  if (principal.kind === "anonymous") return undefined;
  if (form !== undefined) return { type: "POST", ...form };
  return {
    type: presigned ? "REST-QUERY-STRING" : "REST-HEADER",
    version: signed === undefined ? "AWS" : "AWS4-HMAC-SHA256",
    signedAt: signed?.signedAt,
  };
}
