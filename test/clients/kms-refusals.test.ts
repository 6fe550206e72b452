/** What KMS refuses, by the AWS SDK. */
import { beforeAll, describe, expect, test } from "bun:test";
import { ACCOUNT, CONTEXT, PLAINTEXT, refusalOf, serveKms } from "./kms-by-sdk.ts";

const { bySdk } = serveKms();

describe("KMS refuses in its own words", () => {
  let key: string;
  let arn: string;
  beforeAll(async () => {
    const { KeyMetadata } = await bySdk("CreateKey");
    ({ KeyId: key, Arn: arn } = KeyMetadata);
    await bySdk("CreateAlias", { AliasName: "alias/taken", TargetKeyId: key });
  });

  const unknown = "12345678-1234-1234-1234-123456789012";
  const arnOf = (id: string) => `arn:aws:kms:us-east-1:${ACCOUNT}:key/${id}`;
  const cases: readonly {
    readonly what: string;
    readonly call: () => Promise<unknown>;
    readonly error: string;
    readonly says?: string | (() => string);
  }[] = [
    {
      what: "a key that is not there",
      call: () => bySdk("DescribeKey", { KeyId: unknown }),
      error: "NotFoundException",
      says: `Key '${arnOf(unknown)}' does not exist`,
    },
    {
      what: "an alias that is not there",
      call: () => bySdk("Encrypt", { KeyId: "alias/nobody", Plaintext: PLAINTEXT }),
      error: "NotFoundException",
      says: `Alias arn:aws:kms:us-east-1:${ACCOUNT}:alias/nobody is not found.`,
    },
    {
      what: "what is no name of a key",
      call: () => bySdk("DescribeKey", { KeyId: "nonsense" }),
      error: "NotFoundException",
      says: "Invalid keyId 'nonsense'",
    },
    {
      what: "a key of another region",
      call: () => bySdk("DescribeKey", { KeyId: arn.replace("us-east-1", "eu-west-1") }),
      error: "NotFoundException",
      says: "Invalid arn eu-west-1",
    },
    {
      what: "an alias twice",
      call: () => bySdk("CreateAlias", { AliasName: "alias/taken", TargetKeyId: key }),
      error: "AlreadyExistsException",
      says: `An alias with the name arn:aws:kms:us-east-1:${ACCOUNT}:alias/taken already exists`,
    },
    {
      what: "an alias of AWS",
      call: () => bySdk("CreateAlias", { AliasName: "alias/aws/mine", TargetKeyId: key }),
      error: "NotAuthorizedException",
    },
    {
      what: "an alias without its prefix",
      call: () => bySdk("CreateAlias", { AliasName: "mine", TargetKeyId: key }),
      error: "ValidationException",
    },
    {
      what: "an alias with a colon",
      call: () => bySdk("CreateAlias", { AliasName: "alias/a:b", TargetKeyId: key }),
      error: "InvalidAliasNameException",
      says: "alias/a:b contains invalid characters for an alias",
    },
    {
      what: "a policy that is none",
      call: () => bySdk("PutKeyPolicy", { KeyId: key, Policy: "{}" }),
      error: "MalformedPolicyDocumentException",
    },
    {
      what: "a policy that locks its author out",
      call: () => bySdk("CreateKey", { Policy: policyFor("arn:aws:iam::210987654321:root") }),
      error: "MalformedPolicyDocumentException",
      says: "The new key policy will not allow you to update the key policy in the future.",
    },
    {
      what: "a window of deletion of six days",
      call: () => bySdk("ScheduleKeyDeletion", { KeyId: key, PendingWindowInDays: 6 }),
      error: "ValidationException",
    },
    {
      what: "signing with a key for encryption",
      call: () => bySdk("Sign", { KeyId: key, Message: PLAINTEXT, SigningAlgorithm: "RSASSA_PSS_SHA_256" }),
      error: "InvalidKeyUsageException",
      says: () => `${arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
    },
    {
      what: "a data key of no size",
      call: () => bySdk("GenerateDataKey", { KeyId: key }),
      error: "ValidationException",
      says: "Please specify either number of bytes or key spec.",
    },
    {
      what: "a grant whose id has a zero character, for which no database has a place",
      call: () => bySdk("RevokeGrant", { KeyId: key, GrantId: "\0" }),
      error: "SerializationException",
    },
    {
      what: "a dry run that would succeed",
      call: () => bySdk("Encrypt", { KeyId: key, Plaintext: PLAINTEXT, DryRun: true }),
      error: "DryRunOperationException",
      says: "The request would have succeeded, but the DryRun option is set.",
    },
    {
      what: "a ciphertext under another context",
      call: async () => {
        const { CiphertextBlob } = await bySdk("Encrypt", {
          ...{ KeyId: key, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT },
        });
        return bySdk("Decrypt", { CiphertextBlob, EncryptionContext: { purpose: "test" } });
      },
      error: "InvalidCiphertextException",
    },
    {
      what: "a ciphertext of another key than the named one",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey");
        const { CiphertextBlob } = await bySdk("Encrypt", { KeyId: key, Plaintext: PLAINTEXT });
        return bySdk("Decrypt", { CiphertextBlob, KeyId: KeyMetadata.KeyId });
      },
      error: "IncorrectKeyException",
      says: "The key ID in the request does not identify a CMK that can perform this operation.",
    },
    {
      what: "a ciphertext of another key than the named one, which cannot decrypt at all",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey", {
          KeySpec: "HMAC_256",
          KeyUsage: "GENERATE_VERIFY_MAC",
        });
        const { CiphertextBlob } = await bySdk("Encrypt", { KeyId: key, Plaintext: PLAINTEXT });
        return bySdk("Decrypt", { CiphertextBlob, KeyId: KeyMetadata.KeyId });
      },
      error: "IncorrectKeyException",
    },
    {
      what: "a wrong signature",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey", {
          KeySpec: "ECC_NIST_P384",
          KeyUsage: "SIGN_VERIFY",
        });
        return bySdk("Verify", {
          ...{ KeyId: KeyMetadata.KeyId, Message: PLAINTEXT, Signature: Buffer.alloc(100, 1) },
          SigningAlgorithm: "ECDSA_SHA_384",
        });
      },
      error: "KMSInvalidSignatureException",
    },
    {
      what: "an algorithm of another kind of key",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey", {
          KeySpec: "ECC_NIST_P384",
          KeyUsage: "SIGN_VERIFY",
        });
        return bySdk("Sign", {
          ...{ KeyId: KeyMetadata.KeyId, Message: PLAINTEXT, SigningAlgorithm: "ECDSA_SHA_256" },
        });
      },
      error: "InvalidKeyUsageException",
      says: "Algorithm ECDSA_SHA_256 is incompatible with key spec ECC_NIST_P384.",
    },
    {
      what: "a digest for an algorithm that signs messages, and the other way round",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey", {
          ...{ KeySpec: "ECC_NIST_EDWARDS25519", KeyUsage: "SIGN_VERIFY" },
        });
        const { KeyId } = KeyMetadata;
        const digest = { KeyId, Message: Buffer.alloc(64), MessageType: "DIGEST" };
        await refusalOf(
          bySdk("Sign", { ...digest, MessageType: "RAW", SigningAlgorithm: "ED25519_PH_SHA_512" }),
        );
        return bySdk("Sign", { ...digest, SigningAlgorithm: "ED25519_SHA_512" });
      },
      error: "ValidationException",
      says: "Message type DIGEST is incompatible with algorithm ED25519_SHA_512.",
    },
    {
      what: "rotation of an asymmetric key",
      call: async () => {
        const { KeyMetadata } = await bySdk("CreateKey", {
          KeySpec: "ECC_NIST_P256",
          KeyUsage: "SIGN_VERIFY",
        });
        return bySdk("EnableKeyRotation", { KeyId: KeyMetadata.KeyId });
      },
      error: "UnsupportedOperationException",
    },
    {
      what: "a multi-Region key",
      call: () => bySdk("CreateKey", { MultiRegion: true }),
      error: "UnsupportedOperationException",
    },
    {
      what: "an operation that is not offered",
      call: () => bySdk("CreateCustomKeyStore", { CustomKeyStoreName: "mine" }),
      error: "NotImplemented",
    },
  ];

  for (const { what, call, error, says } of cases) {
    test(what, async () => {
      const refusal = await refusalOf(call());
      if (error === "NotImplemented") expect(Reflect.get(refusal, "$metadata").httpStatusCode).toBe(501);
      else expect(refusal.name).toBe(error);
      const text = typeof says === "function" ? says() : says;
      if (text !== undefined) expect(refusal.message).toBe(text);
    });
  }

  test("a disabled key, and one that waits for its deletion", async () => {
    const { KeyMetadata } = await bySdk("CreateKey");
    const { KeyId, Arn } = KeyMetadata;
    const { CiphertextBlob } = await bySdk("Encrypt", { KeyId, Plaintext: PLAINTEXT });
    await bySdk("DisableKey", { KeyId });
    const uses = [
      () => bySdk("Encrypt", { KeyId, Plaintext: PLAINTEXT }),
      () => bySdk("Decrypt", { CiphertextBlob }),
      () => bySdk("GenerateDataKey", { KeyId, KeySpec: "AES_256" }),
    ];
    const disabled = { name: "DisabledException", message: `${Arn} is disabled.` };
    for (const use of uses) expect(await refusalOf(use())).toMatchObject(disabled);
    await bySdk("ScheduleKeyDeletion", { KeyId });
    const pending = { name: "KMSInvalidStateException", message: `${Arn} is pending deletion.` };
    const changes = ["EnableKey", "DisableKey", "EnableKeyRotation", "ScheduleKeyDeletion"];
    for (const use of [...uses, ...changes.map((operation) => () => bySdk(operation, { KeyId }))])
      expect(await refusalOf(use())).toMatchObject(pending);
    await bySdk("CancelKeyDeletion", { KeyId });
    await bySdk("EnableKey", { KeyId });
    const { Plaintext } = await bySdk("Decrypt", { CiphertextBlob });
    expect(Buffer.from(Plaintext)).toEqual(PLAINTEXT);
  });
});

function policyFor(principal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "kms:*", Resource: "*" }],
  });
}
