import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";

/** The operations of the CodeArtifact API, with the SDK's types; each folder brings some. */
export type CodeArtifactOperations = OperationTable<typeof import("@aws-sdk/client-codeartifact"), Call>;
