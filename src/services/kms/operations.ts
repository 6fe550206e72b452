import type { OperationTable } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { KmsContext } from "./context.ts";

export type KmsOperations = OperationTable<typeof import("@aws-sdk/client-kms"), Call>;

export function createOperations(_kms: KmsContext): KmsOperations {
  return {};
}
