/** From what the engine throws to status, code and message; each door writes them in its client's own document. */
import { AwsError } from "../../aws/errors.ts";

/** An answer that is not a success. */
export class PackageError extends Error {
  override readonly name = "PackageError";
  /** HTTP status. */
  readonly status: number;
  /** A word for programs (`AccessDeniedException`, `InvalidToken`); the message is for people. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Errors whose class says no status, or one that means something else to a package client. */
const STATUSES: Readonly<Record<string, number>> = {
  // 400 in the JSON protocols; package clients tell people what 403 means.
  AccessDeniedException: 403,
  // The API's 402 would read as "Payment Required".
  ServiceQuotaExceededException: 413,
  // services/codeartifact
  PackageInvalid: 400,
  UpstreamUnavailable: 502,
  UpstreamRefused: 502,
  // storage/blobs/errors.ts
  BlobTooLarge: 413,
  BodyBrokenOff: 400,
  DigestMismatch: 400,
  StorageFull: 507,
};

/** What stands behind this server is away or busy. Its names, which the messages hold, are for the log. */
const PASSING: ReadonlySet<string> = new Set(["MetadataUnavailable", "WriteConflict", "StorageUnavailable"]);

const AGAIN_SOON = { "retry-after": "1" };

/** Undefined when the error is none that a client could cause or understand: a bug or damage, to be logged. */
export function packageErrorFrom(error: unknown): PackageError | undefined {
  if (error instanceof PackageError) return error;
  if (!(error instanceof Error)) return undefined;
  if (PASSING.has(error.name)) {
    const text = "The database or the storage of this server is busy or away; try again.";
    return new PackageError(503, "ServiceUnavailable", text, AGAIN_SOON, { cause: error });
  }
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const headers = status === 429 ? AGAIN_SOON : {};
  return new PackageError(status, error.name, error.message, headers, { cause: error });
}

function statusOf(error: Error): number | undefined {
  // UpstreamUnavailable knows whether the upstream was too slow (504).
  if ("status" in error && error.name === "UpstreamUnavailable") return Number(error.status);
  return STATUSES[error.name] ?? (error instanceof AwsError ? error.status : undefined);
}

export function notFound(message: string): PackageError {
  return new PackageError(404, "NotFound", message);
}

export function badRequest(message: string): PackageError {
  return new PackageError(400, "BadRequest", message);
}

export function methodNotAllowed(allowed: readonly string[]): PackageError {
  return new PackageError(405, "MethodNotAllowed", "The method is not allowed here.", {
    allow: allowed.join(", "),
  });
}
