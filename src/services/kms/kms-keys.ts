import type { Call } from "../../identity/call.ts";
import type { EncryptionScope } from "../../storage/blobs/blob-keys.ts";

/** `arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab` */
export type KmsKeyArn = EncryptionScope & `arn:${string}`;

export type EncryptionContext = Readonly<Record<string, string>>;

/** What other services ask of KMS on their caller's behalf. Errors are KMS's own (AwsError: NotFoundException, DisabledException, ...). */
export interface KmsKeys {
  /** The key that is meant by an id, a key's ARN, `alias/name` or an alias's ARN; short forms belong to the caller's account and region. */
  resolve(call: Call, keyId: string): Promise<KmsKeyArn>;

  /** The AWS managed key of a service in an account and region (`alias/aws/s3`); made by its first use. */
  awsManagedKey(
    call: Pick<Call, "account" | "region">,
    service: "s3" | "ecr" | "codeartifact",
  ): Promise<KmsKeyArn>;

  /** Throws what BlobKeys would: the key is disabled, pending deletion or gone. */
  requireUsable(key: KmsKeyArn): Promise<void>;

  /** Bytes that lie in a row instead of a blob, sealed under the key. `place` (`ecr/<repository id>/<digest>`) ties them to it. */
  sealRow(key: KmsKeyArn, place: string, bytes: Uint8Array): Promise<Uint8Array>;
  /** Throws what BlobKeys would. */
  openRow(key: KmsKeyArn, place: string, sealed: Uint8Array): Promise<Uint8Array>;

  /**
   * May the caller do this with the key, and can it be done now? Asks the key policy and grants, and whether the key is a
   * symmetric one that is enabled.
   * @param viaService `s3`: for kms:ViaService (`s3.us-east-1.amazonaws.com`)
   */
  checkUse(
    call: Call,
    key: KmsKeyArn,
    use: {
      readonly actions: readonly (
        | "kms:GenerateDataKey"
        | "kms:Decrypt"
        | "kms:DescribeKey"
        | "kms:CreateGrant"
      )[];
      readonly viaService: string;
      readonly encryptionContext?: EncryptionContext;
    },
  ): Promise<void>;
}
