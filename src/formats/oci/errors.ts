/** Errors as the OCI distribution-spec 1.1 writes them ("Error Codes"). */

/**
 * Beyond the specification's codes: TAG_INVALID, which ECR answers for immutable tags, UNAVAILABLE and UNKNOWN for 5xx.
 */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DENIED"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "TAG_INVALID"
  | "TOOMANYREQUESTS"
  | "UNAUTHORIZED"
  | "UNAVAILABLE"
  | "UNKNOWN"
  | "UNSUPPORTED";

/** An answer of this protocol that is not a success. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  /** HTTP status. */
  readonly status: number;
  readonly code: ErrorCode;
  /** Free-form JSON for the client. */
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    options: { detail?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/** The request itself is wrong: 400. */
export class InvalidRequest extends RegistryError {
  constructor(code: ErrorCode, message: string, detail?: unknown) {
    super(400, code, message, { detail });
  }
}

/** `{"errors":[{code, message, detail}]}` */
export function errorDocument(error: RegistryError): string {
  return JSON.stringify({
    errors: [{ code: error.code, message: error.message, detail: error.detail ?? undefined }],
  });
}
