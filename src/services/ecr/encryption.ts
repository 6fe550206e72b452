/**
 * Encryption of a repository at rest (ECR user guide, "Encryption at rest"): AES256 is the server's own key, KMS a key of
 * the caller's or AWS's managed one for ECR. It is said when the repository is made and stays.
 */
import type { EncryptionConfiguration } from "@aws-sdk/client-ecr";
import { AwsError } from "../../aws/errors.ts";
import { AccessDenied } from "../../identity/authorize.ts";
import type { Call } from "../../identity/call.ts";
import type { Encryption } from "../../storage/blobs/blob-keys.ts";
import { KmsError, type KmsKeyArn } from "../kms/index.ts";
import type { EcrContext } from "./context.ts";
import { invalidParameter } from "./errors.ts";
import type { EcrRepositoriesTable } from "./tables.ts";

type EncryptionColumns = Pick<EcrRepositoriesTable, "encryption_type" | "kms_key">;

/** What whoever makes a repository must be allowed; from then on the repository uses the key for all who may use it. */
const NEEDED = ["kms:CreateGrant", "kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey"] as const;

/** Throws InvalidParameterException or KmsException. */
export async function chooseEncryption(
  ecr: Pick<EcrContext, "kms">,
  call: Call,
  asked: EncryptionConfiguration | undefined,
): Promise<EncryptionColumns> {
  const type: string = asked?.encryptionType ?? "AES256";
  if (type === "AES256") {
    if (asked?.kmsKey !== undefined)
      throw invalidParameter("encryptionConfiguration", "a kmsKey goes with the encryptionType KMS only");
    return { encryption_type: "AES256", kms_key: null };
  }
  if (type !== "KMS")
    throw invalidParameter(
      "encryptionConfiguration",
      `this server does not offer the encryptionType ${type}`,
    );
  const key = await withKmsException(async () => {
    const found =
      asked?.kmsKey === undefined
        ? await ecr.kms.awsManagedKey(call, "ecr")
        : await ecr.kms.resolve(call, asked.kmsKey);
    await ecr.kms.checkUse(call, found, { actions: NEEDED, viaService: "ecr" });
    return found;
  });
  return { encryption_type: "KMS", kms_key: key };
}

export function describeEncryption(repository: EncryptionColumns): EncryptionConfiguration {
  return repository.kms_key === null
    ? { encryptionType: "AES256" }
    : { encryptionType: "KMS", kmsKey: repository.kms_key };
}

/** For new layers; without a key of its own the server's default holds. */
export function layerEncryption(repository: EncryptionColumns): { readonly encryption?: Encryption } {
  return repository.kms_key === null ? {} : { encryption: { scope: repository.kms_key as KmsKeyArn } };
}

/** Throws what KMS says when the repository's key cannot be used. */
export async function requireKey(ecr: Pick<EcrContext, "kms">, repository: EncryptionColumns): Promise<void> {
  if (repository.kms_key !== null) await ecr.kms.requireUsable(repository.kms_key as KmsKeyArn);
}

type RepositoryOfManifest = EncryptionColumns & Pick<EcrRepositoriesTable, "id">;

/** A manifest as it lies in its row: under the repository's key too. Not to be called inside a transaction. */
export async function sealManifest(
  ecr: Pick<EcrContext, "kms">,
  repository: RepositoryOfManifest,
  digest: string,
  manifest: Uint8Array,
): Promise<Uint8Array> {
  if (repository.kms_key === null) return manifest;
  return ecr.kms.sealRow(repository.kms_key as KmsKeyArn, placeOf(repository, digest), manifest);
}

export async function openManifest(
  ecr: Pick<EcrContext, "kms">,
  repository: RepositoryOfManifest,
  digest: string,
  stored: Uint8Array,
): Promise<Uint8Array> {
  if (repository.kms_key === null) return stored;
  return ecr.kms.openRow(repository.kms_key as KmsKeyArn, placeOf(repository, digest), stored);
}

function placeOf(repository: RepositoryOfManifest, digest: string): string {
  return `ecr/${repository.id}/${digest}`;
}

/** What KMS says, in ECR's exception; every other error is let through. */
export async function withKmsException<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KmsError || error instanceof AccessDenied)) throw error;
    throw new AwsError("KmsException", error.message || error.name, {
      members: { kmsError: error.name },
      cause: error,
    });
  }
}

type Functions = Readonly<Record<string, ((...request: never[]) => Promise<unknown>) | undefined>>;

/** The same functions, which say KmsException when the repository's key cannot be used. */
export function withKmsExceptions<Table extends object>(functions: Table): Table {
  const translated = Object.entries(functions as Functions).map(
    ([name, run]) =>
      [name, run && ((...request: never[]) => translateKmsError(() => run(...request)))] as const,
  );
  return Object.fromEntries(translated) as Table;
}

/** Of bytes at rest: who may not use the repository hears that in ECR's own words. */
export async function translateKmsError<Result>(work: () => Promise<Result>): Promise<Result> {
  return work().catch((error: unknown) => {
    if (!(error instanceof KmsError)) throw error;
    return withKmsException<never>(() => Promise.reject(error));
  });
}
