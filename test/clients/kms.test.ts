/**
 * Every operation of KMS that is offered, by the AWS SDK and by `aws kms`, in an order in which each has something to work
 * on; then what each refuses.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
  sign,
  verify,
} from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-kms";
import { describeWithClients } from "../client.ts";
import { RunningServer } from "../running-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";

const ACCOUNT = "123456789012";
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const PLAINTEXT = Buffer.from("the password of the database");
const CONTEXT = { purpose: "test", stage: "all" };

// biome-ignore lint/suspicious/noExplicitAny: outputs of forty operations, each member of which a test looks at.
type Output = Record<string, any>;
type Run = (operation: string, input?: object) => Promise<Output>;

let server: RunningServer;
let folder: TemporaryFolder;
let client: sdk.KMSClient;
beforeAll(async () => {
  folder = temporaryFolder("kms");
  server = await RunningServer.start();
  client = new sdk.KMSClient({
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
  });
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await server?.stop();
  folder?.remove();
});

const bySdk: Run = async (operation, input = {}) => {
  const Command = Reflect.get(sdk, `${operation}Command`);
  return client.send(new Command(input));
};

const byCli: Run = async (operation, input = {}) => {
  const options = Object.entries(input).flatMap(([name, value]: [string, unknown]) => {
    const option = `--${kebab(name)}`;
    if (value instanceof Uint8Array) {
      const file = join(folder.path, name);
      writeFileSync(file, value);
      return [option, `fileb://${file}`];
    }
    if (typeof value === "boolean") return value ? [option] : [];
    return [option, typeof value === "object" ? JSON.stringify(value) : String(value)];
  });
  const text = await server.aws(["kms", kebab(operation), "--output", "json", ...options]);
  const output: Output = text === "" ? {} : JSON.parse(text);
  for (const name of BLOBS) {
    if (typeof output[name] === "string") output[name] = Buffer.from(output[name], "base64");
  }
  return output;
};

const BLOBS = [
  "Plaintext",
  "CiphertextBlob",
  "Signature",
  "Mac",
  "PublicKey",
  "PrivateKeyPlaintext",
  "PrivateKeyCiphertextBlob",
];

function kebab(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}

/** Drives each operation; returns their names. */
async function walk(run: Run, alias: string): Promise<ReadonlySet<string>> {
  const driven = new Set<string>();
  const call: Run = (operation, input) => {
    driven.add(operation);
    return run(operation, input).catch((error: unknown) => {
      throw new Error(`${operation}: ${error instanceof Error ? error.message : String(error)}`);
    });
  };

  const { KeyMetadata: made } = await call("CreateKey", {
    Description: "of the team",
    Tags: [{ TagKey: "team", TagValue: "build" }],
  });
  const KeyId = made.KeyId;
  const arn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/${KeyId}`;
  expect(made).toMatchObject({
    AWSAccountId: ACCOUNT,
    Arn: arn,
    Enabled: true,
    KeyState: "Enabled",
    KeyManager: "CUSTOMER",
    KeySpec: "SYMMETRIC_DEFAULT",
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    KeyUsage: "ENCRYPT_DECRYPT",
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    Origin: "AWS_KMS",
    MultiRegion: false,
  });
  await call("UpdateKeyDescription", { KeyId, Description: "of everybody" });
  await call("CreateAlias", { AliasName: alias, TargetKeyId: arn });
  expect((await call("DescribeKey", { KeyId: alias })).KeyMetadata.Description).toBe("of everybody");
  expect((await call("ListKeys")).Keys).toContainEqual({ KeyId, KeyArn: arn });
  expect((await call("ListAliases", { KeyId })).Aliases).toMatchObject([
    { AliasName: alias, TargetKeyId: KeyId, AliasArn: `arn:aws:kms:us-east-1:${ACCOUNT}:${alias}` },
  ]);
  const other = (await call("CreateKey")).KeyMetadata.KeyId;
  await call("UpdateAlias", { AliasName: alias, TargetKeyId: other });
  expect((await call("DescribeKey", { KeyId: alias })).KeyMetadata.KeyId).toBe(other);
  await call("UpdateAlias", { AliasName: alias, TargetKeyId: KeyId });

  await call("TagResource", { KeyId, Tags: [{ TagKey: "stage", TagValue: "all" }] });
  await call("UntagResource", { KeyId, TagKeys: ["team"] });
  expect((await call("ListResourceTags", { KeyId })).Tags).toEqual([{ TagKey: "stage", TagValue: "all" }]);

  expect((await call("ListKeyPolicies", { KeyId })).PolicyNames).toEqual(["default"]);
  const { Policy } = await call("GetKeyPolicy", { KeyId, PolicyName: "default" });
  expect(JSON.parse(Policy).Statement[0].Principal).toEqual({ AWS: ROOT });
  await call("PutKeyPolicy", { KeyId, PolicyName: "default", Policy });

  const grant = await call("CreateGrant", {
    KeyId,
    GranteePrincipal: "arn:aws:iam::210987654321:root",
    RetiringPrincipal: ROOT,
    Operations: ["Encrypt", "Decrypt"],
    Constraints: { EncryptionContextSubset: { purpose: "test" } },
    Name: "for-the-neighbours",
  });
  expect((await call("ListGrants", { KeyId })).Grants).toMatchObject([
    {
      GrantId: grant["GrantId"],
      KeyId: arn,
      Name: "for-the-neighbours",
      GranteePrincipal: "arn:aws:iam::210987654321:root",
      IssuingAccount: ROOT,
      Operations: ["Decrypt", "Encrypt"],
    },
  ]);
  const retirable = (await call("ListRetirableGrants", { RetiringPrincipal: ROOT })).Grants as Output[];
  expect(retirable.map((one) => one["GrantId"])).toContain(grant["GrantId"]);
  await call("RetireGrant", { GrantToken: grant["GrantToken"] });
  const second = await call("CreateGrant", {
    KeyId,
    GranteePrincipal: ROOT,
    Operations: ["DescribeKey"],
  });
  await call("RevokeGrant", { KeyId, GrantId: second["GrantId"] });
  expect((await call("ListGrants", { KeyId })).Grants).toEqual([]);

  const sealed = await call("Encrypt", { KeyId: alias, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT });
  expect(sealed).toMatchObject({ KeyId: arn, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
  const CiphertextBlob = sealed["CiphertextBlob"];
  const opened = await call("Decrypt", { CiphertextBlob, EncryptionContext: CONTEXT });
  expect(Buffer.from(opened["Plaintext"])).toEqual(PLAINTEXT);
  expect(opened["KeyId"]).toBe(arn);
  const moved = await call("ReEncrypt", {
    CiphertextBlob,
    SourceEncryptionContext: CONTEXT,
    DestinationKeyId: other,
  });
  expect(moved["SourceKeyId"]).toBe(arn);
  const openedThere = await call("Decrypt", { CiphertextBlob: moved["CiphertextBlob"] });
  expect(Buffer.from(openedThere["Plaintext"])).toEqual(PLAINTEXT);
  expect(openedThere["KeyId"]).toEndWith(other);

  const dataKey = await call("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext: CONTEXT });
  expect(dataKey["Plaintext"]).toHaveLength(32);
  const unsealed = await call("Decrypt", {
    CiphertextBlob: dataKey["CiphertextBlob"],
    EncryptionContext: CONTEXT,
  });
  expect(Buffer.from(unsealed["Plaintext"])).toEqual(Buffer.from(dataKey["Plaintext"]));
  const sealedOnly = await call("GenerateDataKeyWithoutPlaintext", { KeyId, NumberOfBytes: 64 });
  expect(sealedOnly["Plaintext"]).toBeUndefined();
  expect((await call("Decrypt", { CiphertextBlob: sealedOnly["CiphertextBlob"] }))["Plaintext"]).toHaveLength(
    64,
  );
  for (const KeyPairSpec of ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "RSA_2048"]) {
    const pair = await call("GenerateDataKeyPair", { KeyId, KeyPairSpec });
    const [privateKey, publicKey] = [pair["PrivateKeyPlaintext"], pair["PublicKey"]].map((der) =>
      Buffer.from(der),
    );
    const signature = sign("sha256", PLAINTEXT, {
      key: createPrivateKey({ key: privateKey ?? Buffer.alloc(0), format: "der", type: "pkcs8" }),
    });
    const verifying = createPublicKey({ key: publicKey ?? Buffer.alloc(0), format: "der", type: "spki" });
    expect(verify("sha256", PLAINTEXT, verifying, signature)).toBe(true);
    const again = await call("Decrypt", { CiphertextBlob: pair["PrivateKeyCiphertextBlob"] });
    expect(Buffer.from(again["Plaintext"]).equals(privateKey ?? Buffer.alloc(0))).toBe(true);
  }
  const pairOnly = await call("GenerateDataKeyPairWithoutPlaintext", {
    KeyId,
    KeyPairSpec: "ECC_SECG_P256K1",
  });
  expect(pairOnly["PrivateKeyPlaintext"]).toBeUndefined();
  expect((await call("GenerateRandom", { NumberOfBytes: 48 }))["Plaintext"]).toHaveLength(48);

  await call("EnableKeyRotation", { KeyId, RotationPeriodInDays: 180 });
  expect(await call("GetKeyRotationStatus", { KeyId })).toMatchObject({
    KeyRotationEnabled: true,
    RotationPeriodInDays: 180,
    KeyId,
  });
  await call("DisableKeyRotation", { KeyId });
  expect((await call("GetKeyRotationStatus", { KeyId }))["KeyRotationEnabled"]).toBe(false);
  await call("RotateKeyOnDemand", { KeyId });
  const { Rotations } = await call("ListKeyRotations", { KeyId });
  expect(Rotations).toMatchObject([{ KeyId, RotationType: "ON_DEMAND", KeyMaterialState: "CURRENT" }]);
  const old = await call("Decrypt", { CiphertextBlob, EncryptionContext: CONTEXT });
  expect(Buffer.from(old["Plaintext"])).toEqual(PLAINTEXT);
  expect(old["KeyMaterialId"]).toBe(made.CurrentKeyMaterialId);

  await signatures(call);
  await macs(call);

  await call("DisableKey", { KeyId });
  expect((await call("DescribeKey", { KeyId })).KeyMetadata.KeyState).toBe("Disabled");
  await call("EnableKey", { KeyId });
  await call("DeleteAlias", { AliasName: alias });
  expect(await call("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })).toMatchObject({
    KeyId: arn,
    KeyState: "PendingDeletion",
    PendingWindowInDays: 7,
  });
  expect((await call("DescribeKey", { KeyId })).KeyMetadata.DeletionDate).toBeDefined();
  expect((await call("CancelKeyDeletion", { KeyId }))["KeyId"]).toBe(arn);
  expect((await call("DescribeKey", { KeyId })).KeyMetadata.KeyState).toBe("Disabled");
  return driven;
}

async function signatures(call: Run): Promise<void> {
  const rsa = (await call("CreateKey", { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" })).KeyMetadata;
  expect(rsa.SigningAlgorithms).toContain("RSASSA_PSS_SHA_256");
  const p256 = (await call("CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" })).KeyMetadata;
  const digest = createHash("sha256").update(PLAINTEXT).digest();
  for (const [KeyId, SigningAlgorithm, padding] of [
    [rsa.KeyId, "RSASSA_PKCS1_V1_5_SHA_256", { padding: constants.RSA_PKCS1_PADDING }],
    [rsa.KeyId, "RSASSA_PSS_SHA_256", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
    [p256.KeyId, "ECDSA_SHA_256", {}],
  ] as const) {
    const published = await call("GetPublicKey", { KeyId });
    expect(published).toMatchObject({ KeyUsage: "SIGN_VERIFY" });
    const key = createPublicKey({ key: Buffer.from(published["PublicKey"]), format: "der", type: "spki" });
    for (const message of [
      { Message: PLAINTEXT, MessageType: "RAW" },
      { Message: digest, MessageType: "DIGEST" },
    ]) {
      const { Signature } = await call("Sign", { KeyId, SigningAlgorithm, ...message });
      // Whoever has the public key verifies without the server.
      expect(verify("sha256", PLAINTEXT, { key, ...padding }, Buffer.from(Signature))).toBe(true);
      const verified = await call("Verify", { KeyId, SigningAlgorithm, Signature, ...message });
      expect(verified["SignatureValid"]).toBe(true);
    }
  }
  const box = (await call("CreateKey", { KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" })).KeyMetadata;
  const { PublicKey } = await call("GetPublicKey", { KeyId: box.KeyId });
  const CiphertextBlob = publicEncrypt(
    {
      key: createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" }),
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: "sha256",
    },
    PLAINTEXT,
  );
  const EncryptionAlgorithm = "RSAES_OAEP_SHA_256";
  const opened = await call("Decrypt", { KeyId: box.KeyId, CiphertextBlob, EncryptionAlgorithm });
  expect(Buffer.from(opened["Plaintext"])).toEqual(PLAINTEXT);
  const sealed = await call("Encrypt", { KeyId: box.KeyId, Plaintext: PLAINTEXT, EncryptionAlgorithm });
  expect(sealed["CiphertextBlob"]).toHaveLength(256);
}

async function macs(call: Run): Promise<void> {
  for (const bits of [224, 256, 384, 512]) {
    const made = await call("CreateKey", { KeySpec: `HMAC_${bits}`, KeyUsage: "GENERATE_VERIFY_MAC" });
    const input = {
      KeyId: made["KeyMetadata"].KeyId,
      Message: PLAINTEXT,
      MacAlgorithm: `HMAC_SHA_${bits}`,
    };
    const { Mac } = await call("GenerateMac", input);
    expect(Mac).toHaveLength(createHmac(`sha${bits}`, "").digest().length);
    expect((await call("VerifyMac", { ...input, Mac }))["MacValid"]).toBe(true);
  }
}

/** Named in docs/coverage.md as not offered. */
const NOT_OFFERED = [
  "ConnectCustomKeyStore",
  "CreateCustomKeyStore",
  "Decapsulate",
  "DeleteCustomKeyStore",
  "DeleteImportedKeyMaterial",
  "DeriveSharedSecret",
  "DescribeCustomKeyStores",
  "DisconnectCustomKeyStore",
  "Encapsulate",
  "GetKeyLastUsage",
  "GetParametersForImport",
  "ImportKeyMaterial",
  "ReplicateKey",
  "UpdateCustomKeyStore",
  "UpdatePrimaryRegion",
];

test("the AWS SDK drives every operation", async () => {
  const driven = await walk(bySdk, "alias/by-sdk");
  const all = Object.keys(sdk).flatMap((name) => /^(\w+)Command$/.exec(name)?.[1] ?? []);
  const wanted = all.filter((name) => !name.startsWith("$") && !NOT_OFFERED.includes(name));
  expect([...driven].toSorted()).toEqual(wanted.toSorted());
}, 120_000);

describeWithClients("aws kms", ["aws"], () => {
  test("drives every operation", async () => {
    await walk(byCli, "alias/by-cli");
  }, 600_000);
});

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

test("aliases of AWS's managed keys make their keys, which only their services use", async () => {
  const { KeyMetadata } = await bySdk("DescribeKey", { KeyId: "alias/aws/s3" });
  expect(KeyMetadata).toMatchObject({ KeyManager: "AWS", KeyState: "Enabled" });
  expect((await bySdk("DescribeKey", { KeyId: "alias/aws/s3" })).KeyMetadata.KeyId).toBe(KeyMetadata.KeyId);
  const { Aliases } = await bySdk("ListAliases");
  expect(Aliases.map((alias: Output) => alias["AliasName"])).toContain("alias/aws/s3");
  expect((await bySdk("GetKeyRotationStatus", { KeyId: KeyMetadata.KeyId }))["KeyRotationEnabled"]).toBe(
    true,
  );
  const refusal = await refusalOf(bySdk("Encrypt", { KeyId: "alias/aws/s3", Plaintext: PLAINTEXT }));
  expect(refusal.name).toBe("AccessDeniedException");
});

test("pages of a listing follow each other, and a marker is good for its own listing only", async () => {
  for (let count = 0; count < 3; count += 1) await bySdk("CreateKey");
  const all = (await bySdk("ListKeys", { Limit: 1000 })).Keys as Output[];
  const paged: Output[] = [];
  let Marker: string | undefined;
  do {
    const page = await bySdk("ListKeys", { Limit: 2, ...(Marker && { Marker }) });
    paged.push(...page["Keys"]);
    Marker = page["NextMarker"];
    expect(page["Truncated"]).toBe(Marker !== undefined);
    if (Marker)
      expect((await refusalOf(bySdk("ListAliases", { Marker }))).name).toBe("InvalidMarkerException");
  } while (Marker);
  expect(paged).toEqual(all);
});

test("keys and what they encrypted outlive a restart", async () => {
  const { KeyMetadata } = await bySdk("CreateKey");
  const { CiphertextBlob } = await bySdk("Encrypt", { KeyId: KeyMetadata.KeyId, Plaintext: PLAINTEXT });
  await server.restart();
  const { Plaintext } = await bySdk("Decrypt", { CiphertextBlob });
  expect(Buffer.from(Plaintext)).toEqual(PLAINTEXT);
}, 60_000);

async function refusalOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was not refused");
}

function policyFor(principal: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: "kms:*", Resource: "*" }],
  });
}

test("on short days a key is really deleted when its day has come, and the others stay", async () => {
  const hurried = await RunningServer.start({
    env: { SHOSOIN_DAY_SECONDS: "1" },
    args: ["--log-level", "error"],
  });
  const own = new sdk.KMSClient({
    ...{ endpoint: hurried.url, region: "us-east-1", maxAttempts: 1, credentials: hurried.rootKey },
  });
  try {
    const made = async () => (await own.send(new sdk.CreateKeyCommand({}))).KeyMetadata?.KeyId ?? "";
    const [doomed, kept] = [await made(), await made()];
    const { CiphertextBlob } = await own.send(new sdk.EncryptCommand({ KeyId: kept, Plaintext: PLAINTEXT }));
    await own.send(new sdk.ScheduleKeyDeletionCommand({ KeyId: doomed, PendingWindowInDays: 7 }));
    const describe = () => own.send(new sdk.DescribeKeyCommand({ KeyId: doomed }));
    while (
      await describe().then(
        () => true,
        (error: Error) => error.name !== "NotFoundException",
      )
    )
      await setTimeout(200);
    const { Plaintext } = await own.send(new sdk.DecryptCommand({ CiphertextBlob }));
    expect(Buffer.from(Plaintext ?? [])).toEqual(PLAINTEXT);
    expect((await own.send(new sdk.ListKeysCommand({}))).Keys?.map(({ KeyId }) => KeyId)).toEqual([kept]);
  } finally {
    own.destroy();
    await hurried.stop();
  }
}, 180_000);
