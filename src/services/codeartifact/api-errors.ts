/** What the engine throws for every door, as the CodeArtifact API says it. */
import { AwsError } from "../../aws/errors.ts";
import { KmsError } from "../kms/index.ts";
import { keyProblem } from "./encryption.ts";
import { validation } from "./errors.ts";
import { PackageInvalid } from "./format.ts";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams/upstreams.ts";

type Operations = Readonly<Record<string, ((...request: never[]) => Promise<object>) | undefined>>;

/** The same operations, whose failures the API's clients understand: 5xx is tried again by all of them. */
export function withApiErrors<Table extends Operations>(operations: Table): Table {
  const translated = Object.entries(operations).map(
    ([name, operation]) =>
      [
        name,
        operation &&
          ((...request: never[]) =>
            operation(...request).catch((error: unknown) => {
              throw apiError(error);
            })),
      ] as const,
  );
  return Object.fromEntries(translated) as Table;
}

function apiError(error: unknown): unknown {
  if (error instanceof KmsError) return keyProblem(error);
  if (error instanceof PackageInvalid) return validation(error.message);
  if (error instanceof UpstreamUnavailable) return upstreamFailure(error, error.status);
  if (error instanceof UpstreamRefused) return upstreamFailure(error, 502);
  return error;
}

function upstreamFailure(error: Error, status: number): AwsError {
  return new AwsError("InternalServerException", error.message, { status, cause: error });
}
