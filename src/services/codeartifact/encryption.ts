/**
 * A domain's key: all files of its packages lie encrypted under it (CodeArtifact user guide, "Data protection"). It is said
 * when the domain is made and stays; without one it is AWS's managed key for CodeArtifact, made by its first use.
 */
import { AccessDenied } from "../../identity/authorize.ts";
import type { Call } from "../../identity/call.ts";
import type { Encryption } from "../../storage/blobs/blob-keys.ts";
import { KmsError, type KmsKeyArn, type KmsKeys } from "../kms/index.ts";
import { validation } from "./errors.ts";

/** What whoever makes a domain must be allowed; from then on the domain uses the key for all who may use it. */
const NEEDED = ["kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey"] as const;

/** Throws ValidationException (ENCRYPTION_KEY_ERROR) for a key that is not there or cannot be used. */
export async function chooseKey(
  { kms }: { readonly kms: KmsKeys },
  call: Call,
  asked: string | undefined,
): Promise<KmsKeyArn> {
  try {
    const key =
      asked === undefined ? await kms.awsManagedKey(call, "codeartifact") : await kms.resolve(call, asked);
    await kms.checkUse(call, key, { actions: NEEDED, viaService: "codeartifact" });
    return key;
  } catch (error) {
    if (error instanceof KmsError || error instanceof AccessDenied) throw keyProblem(error);
    throw error;
  }
}

/** What KMS says, as the CodeArtifact API says it. */
export function keyProblem(error: Error): Error {
  return validation(`${error.name}: ${error.message}`, "ENCRYPTION_KEY_ERROR");
}

/** Of a domain's row; domains from before there were keys lie under the server's own. */
export function keyOf(domain: { readonly encryption_key: string | null }): KmsKeyArn | undefined {
  return (domain.encryption_key ?? undefined) as KmsKeyArn | undefined;
}

/** For new files; without a key of its own the server's default holds. */
export function fileEncryption(key: KmsKeyArn | undefined): { readonly encryption?: Encryption } {
  return key === undefined ? {} : { encryption: { scope: key } };
}
