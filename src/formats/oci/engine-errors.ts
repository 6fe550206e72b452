/**
 * From what the engine throws to this protocol's status and code. Messages are the engine's own, so that docker shows
 * ECR's text.
 */
import { AwsError } from "../../aws/errors.ts";
import { ManifestInvalid } from "../../services/ecr/index.ts";
import { type ErrorCode, InvalidRequest, RegistryError } from "./errors.ts";
import type { Endpoint } from "./route.ts";

type Answer = readonly [status: number, code: ErrorCode];

const ANSWERS: Readonly<Record<string, Answer>> = {
  // services/ecr/errors.ts
  RepositoryNotFoundException: [404, "NAME_UNKNOWN"],
  ImageNotFoundException: [404, "MANIFEST_UNKNOWN"],
  ImageArchivedException: [404, "MANIFEST_UNKNOWN"],
  LayersNotFoundException: [404, "BLOB_UNKNOWN"],
  LayerInaccessibleException: [404, "BLOB_UNKNOWN"],
  ReferencedImagesNotFoundException: [404, "MANIFEST_BLOB_UNKNOWN"],
  ImageTagAlreadyExistsException: [400, "TAG_INVALID"],
  ImageAlreadyExistsException: [400, "TAG_INVALID"],
  ImageDigestDoesNotMatchException: [400, "DIGEST_INVALID"],
  InvalidLayerException: [400, "DIGEST_INVALID"],
  InvalidLayerPartException: [416, "BLOB_UPLOAD_INVALID"],
  EmptyUploadException: [400, "BLOB_UPLOAD_INVALID"],
  UploadNotFoundException: [404, "BLOB_UPLOAD_UNKNOWN"],
  LimitExceededException: [403, "DENIED"],
  // The repository's key is disabled or gone; 403 is not tried again.
  KmsException: [403, "DENIED"],
  // The specification leaves 400 and 405 to a delete that is not done.
  ImageReferencedByManifestList: [400, "DENIED"],
  LayerInUse: [400, "DENIED"],
  // What else a caller can get wrong was parsed before the engine saw it.
  InvalidParameterException: [400, "NAME_INVALID"],
  // any service
  AccessDeniedException: [403, "DENIED"],
  ThrottlingException: [429, "TOOMANYREQUESTS"],
  // storage/blobs/errors.ts
  UploadNotFound: [404, "BLOB_UPLOAD_UNKNOWN"],
  OffsetMismatch: [416, "BLOB_UPLOAD_INVALID"],
  DigestMismatch: [400, "DIGEST_INVALID"],
  BlobTooLarge: [413, "SIZE_INVALID"],
  StorageFull: [507, "DENIED"],
  BodyBrokenOff: [400, "SIZE_INVALID"],
};

/** The same error means something else at another endpoint. */
const ANSWERS_AT: Readonly<Partial<Record<Endpoint, Readonly<Record<string, Answer>>>>> = {
  manifest: {
    LayersNotFoundException: [404, "MANIFEST_BLOB_UNKNOWN"],
  },
};

/** What stands behind this server is away or busy. Its names, which the messages hold, are for the log. */
const PASSING: ReadonlySet<string> = new Set(["MetadataUnavailable", "WriteConflict", "StorageUnavailable"]);

/** For errors of the engine that are in no table: the code that goes with their status. */
const CODES_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "UNSUPPORTED",
  403: "DENIED",
  404: "NAME_UNKNOWN",
  413: "SIZE_INVALID",
  429: "TOOMANYREQUESTS",
};

/** Undefined when the error is none that a client could cause or understand: a bug or damage, to be logged. */
export function registryErrorFrom(error: unknown, endpoint: Endpoint | undefined): RegistryError | undefined {
  if (error instanceof RegistryError) return error;
  if (!(error instanceof Error)) return undefined;
  if (error instanceof ManifestInvalid) return new InvalidRequest("MANIFEST_INVALID", error.message);
  if (PASSING.has(error.name)) {
    const text = "the database or the storage of this server is busy or away; try again";
    return new RegistryError(503, "UNAVAILABLE", text, { headers: { "retry-after": "1" } });
  }
  const found = (endpoint && ANSWERS_AT[endpoint]?.[error.name]) ?? ANSWERS[error.name];
  if (found === undefined) {
    if (!(error instanceof AwsError)) return undefined;
    return new RegistryError(error.status, CODES_BY_STATUS[error.status] ?? "UNKNOWN", error.message);
  }
  const [status, code] = found;
  // RFC 6585 section 4: when to come again.
  const headers = status === 429 ? { "retry-after": "1" } : {};
  return new RegistryError(status, code, error.message, { headers });
}
