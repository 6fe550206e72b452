/** AWS KMS: keys that never leave the server, and what is encrypted, signed and sealed with them. */
import type { AwsService } from "../../aws/service.ts";
import type { Call } from "../../identity/call.ts";
import type { JobHandler, RecurringJob } from "../../jobs/jobs.ts";
import type { BlobKeys } from "../../storage/blobs/blob-keys.ts";
import { createBlobKeys } from "./blob-keys.ts";
import type { KmsContext, KmsDependencies } from "./context.ts";
import { refusingForeignTokens } from "./grant-tokens.ts";
import { deleteKeyHandler } from "./key-state.ts";
import { createKmsKeys } from "./key-users.ts";
import type { KmsKeys } from "./kms-keys.ts";
import { createManagedKeys } from "./managed-keys.ts";
import { createMaterials } from "./materials.ts";
import { createOperations } from "./operations.ts";
import { rotateKeyHandler } from "./rotation.ts";

export type { KmsDependencies } from "./context.ts";
export { KmsError } from "./errors.ts";
export type { KmsKeyArn, KmsKeys } from "./kms-keys.ts";
export { migrations } from "./migrations.ts";
export { openRootKey, type RootKey, RootKeyProblem, type RootKeySource } from "./root-key.ts";

export interface Kms {
  readonly service: AwsService<Call>;
  /** For services that encrypt on their callers' behalf. */
  readonly keys: KmsKeys;
  /** For the blob engine. */
  readonly blobKeys: BlobKeys;
  readonly jobHandlers: readonly JobHandler[];
  readonly recurringJobs: readonly RecurringJob[];
}

export function createKms(dependencies: KmsDependencies): Kms {
  const base = {
    ...dependencies,
    materials: createMaterials(dependencies.metadata.reader, dependencies.rootKey),
  };
  const kms: KmsContext = { ...base, awsManagedKey: createManagedKeys(base) };
  return {
    service: { model: "kms", operations: refusingForeignTokens(createOperations(kms)) },
    keys: createKmsKeys(kms),
    blobKeys: createBlobKeys(kms),
    jobHandlers: [deleteKeyHandler(kms), rotateKeyHandler(kms)],
    recurringJobs: [],
  };
}
