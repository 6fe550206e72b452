/** Who signed a browser's form (S3 API reference, "Authenticating Requests in Browser-Based Uploads Using POST"). */
import { timingSafeEqual } from "node:crypto";
import { parseRegion, type Region } from "../../aws/names.ts";
import { SignatureProblem } from "../../aws/sigv4/problems.ts";
import { signsAsS3 } from "../../aws/sigv4/s3-signing.ts";
import { hmac } from "../../aws/sigv4/signing-key.ts";
import { formatBasicTime, parseBasicTime } from "../../aws/sigv4/time.ts";
import type { Identity } from "../../identity/identity.ts";
import { ANONYMOUS, type Caller } from "./caller.ts";
import { invalidArgument } from "./errors.ts";

type Fields = ReadonlyMap<string, string>;

const V4_FIELDS = ["policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"] as const;
const V2_FIELDS = ["policy", "awsaccesskeyid", "signature"] as const;

/** Throws AwsError for fields that are not good, SignatureProblem for a signature that is not true. */
export async function identifyForm(
  fields: Fields,
  identity: Pick<Identity, "authenticateV2" | "signerOf">,
  hostRegion: Region | undefined,
): Promise<Caller> {
  if (fields.has("x-amz-security-token")) throw new SignatureProblem("invalid-session-token");
  const legacy = fields.has("awsaccesskeyid") || fields.has("signature");
  if (!legacy && V4_FIELDS.every((name) => !fields.has(name)))
    return { principal: ANONYMOUS, region: hostRegion, signed: undefined, presigned: false };
  return legacy ? identifyV2(fields, identity, hostRegion) : identifyV4(fields, identity, hostRegion);
}

async function identifyV2(
  fields: Fields,
  identity: Pick<Identity, "authenticateV2">,
  region: Region | undefined,
): Promise<Caller> {
  const [policy, accessKeyId, signature] = V2_FIELDS.map((name) => required(fields, name));
  const principal = await identity.authenticateV2(accessKeyId ?? "", policy ?? "", signature ?? "");
  const form = { version: "AWS", signedAt: undefined } as const;
  return { principal, region, signed: undefined, presigned: false, form };
}

async function identifyV4(
  fields: Fields,
  identity: Pick<Identity, "signerOf">,
  hostRegion: Region | undefined,
): Promise<Caller> {
  const [policy = "", algorithm = "", credential = "", date = "", signature = ""] = V4_FIELDS.map((name) =>
    required(fields, name),
  );
  if (algorithm !== "AWS4-HMAC-SHA256")
    throw invalidArgument("Only AWS4-HMAC-SHA256 is supported", "X-Amz-Algorithm", algorithm);
  const signedAt = parseBasicTime(date);
  if (!signedAt)
    throw invalidArgument("X-Amz-Date must be formated via ISO8601 Long format", "X-Amz-Date", date);
  const { accessKeyId, region, service } = readCredential(credential, signedAt, hostRegion);
  const scope = { date: formatBasicTime(signedAt).slice(0, 8), region, service };
  const signer = await identity.signerOf(accessKeyId, scope);
  if (!signer) throw new SignatureProblem("unknown-key", "", { AWSAccessKeyId: accessKeyId });
  const expected = Buffer.from(hmac(signer.key, policy).toString("hex"), "latin1");
  const given = Buffer.from(signature, "latin1");
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new SignatureProblem("mismatch", "", { AWSAccessKeyId: accessKeyId });
  const form = { version: "AWS4-HMAC-SHA256", signedAt } as const;
  return { principal: signer.principal, region, signed: undefined, presigned: false, form };
}

function required(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (value !== undefined) return value;
  const shown = name === "awsaccesskeyid" ? "AWSAccessKeyId" : name;
  throw missingField(shown);
}

export function missingField(name: string): Error {
  return invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    "",
  );
}

function readCredential(
  credential: string,
  signedAt: Date,
  hostRegion: Region | undefined,
): { accessKeyId: string; region: Region; service: string } {
  const refuse = (reason: string) => invalidArgument(reason, "X-Amz-Credential", credential.slice(0, 256));
  const [accessKeyId = "", date = "", regionName = "", service = "", terminator, ...more] =
    credential.split("/");
  if (terminator === undefined || more.length > 0 || accessKeyId === "")
    throw refuse(
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  if (terminator !== "aws4_request")
    throw refuse(`incorrect terminal "${terminator.slice(0, 40)}". This endpoint uses "aws4_request".`);
  if (!signsAsS3(service))
    throw refuse(`incorrect service "${service.slice(0, 40)}". This endpoint belongs to "s3".`);
  if (date !== formatBasicTime(signedAt).slice(0, 8))
    throw refuse(
      `incorrect date format "${date.slice(0, 40)}". This date in the credential must be in the format "yyyyMMdd".`,
    );
  const region = parseRegion(regionName);
  if (!region || (hostRegion !== undefined && region !== hostRegion))
    throw refuse(
      `the region "${regionName.slice(0, 40)}" is wrong; expecting "${hostRegion ?? "us-east-1"}"`,
    );
  return { accessKeyId, region, service };
}
