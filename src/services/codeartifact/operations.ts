/** The CodeArtifact API: which operation is which function. */
import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { CodeArtifactContext } from "./context.ts";
import { createGroupOperations } from "./groups/operations.ts";
import { createVersionOperations } from "./versions/operations.ts";

export type CodeArtifactOperations = OperationTable<typeof import("@aws-sdk/client-codeartifact"), Call>;

export function createOperations(context: CodeArtifactContext): CodeArtifactOperations {
  return {
    ...createVersionOperations(context),
    ...createGroupOperations(context),
  };
}
