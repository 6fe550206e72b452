/** The CodeArtifact API: which operation is which function. */
import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { CodeArtifactContext } from "./context.ts";

export type CodeArtifactOperations = OperationTable<typeof import("@aws-sdk/client-codeartifact"), Call>;

export function createOperations(_context: CodeArtifactContext): CodeArtifactOperations {
  return {};
}
