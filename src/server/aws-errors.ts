/** What went wrong, as the clients of each protocol and service are told. */
import { AwsError } from "../aws/errors.ts";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import { type SignatureErrorFamily, signatureError } from "../aws/sigv4/signature-errors.ts";
import type { Protocol, ServiceModel } from "../aws/wire.ts";
import { AccessDenied } from "../identity/authorize.ts";
import { StorageFull, StorageUnavailable } from "../storage/blobs/errors.ts";
import { MetadataUnavailable, WriteConflict } from "../storage/metadata/errors.ts";
import { ShareExhausted } from "./body-shares.ts";
import type { Arrival } from "./door.ts";

const SIGNATURE_FAMILY: Readonly<Record<Protocol, SignatureErrorFamily>> = {
  awsJson1_0: "json",
  awsJson1_1: "json",
  restJson1: "rest-json",
  restXml: "s3",
  query: "query",
  ec2Query: "ec2",
};

/** What a refusal of the permission check is called; a status of 400 gives way to the one that a service's model names. */
const ACCESS_DENIED: Readonly<Record<Protocol, { readonly name: string; readonly status: number }>> = {
  awsJson1_0: { name: "AccessDeniedException", status: 400 },
  awsJson1_1: { name: "AccessDeniedException", status: 400 },
  restJson1: { name: "AccessDeniedException", status: 403 },
  restXml: { name: "AccessDenied", status: 403 },
  query: { name: "AccessDenied", status: 403 },
  ec2Query: { name: "UnauthorizedOperation", status: 403 },
};

interface Throttled {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
}

const RATE_EXCEEDED: Throttled = { name: "ThrottlingException", message: "Rate exceeded" };

/** What a client that asks too much at once hears; the SDKs wait and try again (each service's common errors). */
const THROTTLED: Readonly<Record<Protocol, Throttled>> = {
  awsJson1_0: RATE_EXCEEDED,
  awsJson1_1: RATE_EXCEEDED,
  restJson1: { ...RATE_EXCEEDED, status: 429 },
  restXml: { name: "SlowDown", message: "Please reduce your request rate.", status: 503 },
  query: { name: "Throttling", message: "Rate exceeded" },
  ec2Query: { name: "RequestLimitExceeded", message: "Request limit exceeded.", status: 503 },
};

/** What each service calls a failure that is ours; the rest say InternalFailure (their common errors). */
const FAILURE_NAMES: Readonly<Record<string, string>> = {
  ecr: "ServerException",
  s3: "InternalError",
  ec2: "InternalError",
  codeartifact: "InternalServerException",
  imagebuilder: "ServiceException",
  lambda: "ServiceException",
  kms: "KMSInternalException",
  eventbridge: "InternalException",
};

/** What stands behind this server is away or busy: the same again may succeed. */
const PASSING = [MetadataUnavailable, WriteConflict, StorageUnavailable];

/** The error as clients see it: nothing of ours but the request id under which the log has the rest. */
export function errorOf(error: unknown, model: ServiceModel, arrival: Arrival): AwsError {
  if (error instanceof AccessDenied) {
    const { name, status } = ACCESS_DENIED[model.protocol];
    return new AwsError(name, error.message, { status, cause: error });
  }
  if (error instanceof ShareExhausted) {
    const { name, message, ...options } = THROTTLED[model.protocol];
    return new AwsError(name, message, { ...options, cause: error });
  }
  // 501 is an answer, not a failure.
  if (error instanceof AwsError && (error.status < 500 || error.status === 501)) return error;
  if (error instanceof SignatureProblem) return signatureError(SIGNATURE_FAMILY[model.protocol], error);
  if (error instanceof AwsError) {
    arrival.log.warn({ err: error }, "refused");
    return error;
  }
  if (error instanceof StorageFull) {
    arrival.log.error({ err: error }, "the storage is full");
    const text = "The storage of this server is full. Nothing was stored; reading and deleting go on.";
    return new AwsError("InsufficientStorage", text, { status: 507 });
  }
  if (PASSING.some((kind) => error instanceof kind)) {
    arrival.log.error({ err: error }, "the database or the storage did not answer");
    const text = "The database or the storage of this server is busy or away. Try again.";
    return new AwsError("ServiceUnavailable", text, { status: 503 });
  }
  arrival.log.error({ err: error }, "an operation failed");
  return new AwsError(
    FAILURE_NAMES[model.key] ?? "InternalFailure",
    `Internal error. The server's log says more under request id ${arrival.requestId}.`,
    { status: 500 },
  );
}
