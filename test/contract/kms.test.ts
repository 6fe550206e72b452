/** Keys on both databases: who may use them, how they rotate and go, and what servers that share them see of each other. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CreateKeyCommandInput } from "@aws-sdk/client-kms";
import { migrations as identity } from "../../src/identity/migrations.ts";
import { migrations, openRootKey } from "../../src/services/kms/index.ts";
import { runRootKeyCommand } from "../../src/services/kms/root-key-command.ts";
import { callOf, ROOT_KEY, type TestKms, testKms } from "../../src/services/kms/testing/test-kms.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { describeOnEachDatabase } from "./databases.ts";

const OWN = "123456789012";
const OTHER = "210987654321";
const DAY = 86_400_000;
const PLAINTEXT = Buffer.from("the password");

describeOnEachDatabase("keys", (databases) => {
  let metadata: Metadata;
  let kms: TestKms;
  /** Another server on the same database. */
  let neighbour: TestKms;
  let now: Date;
  beforeEach(async () => {
    now = new Date("2026-03-01T00:00:00Z");
    const url = await databases.fresh();
    metadata = await openMetadata(url.replace("sqlite://", ""), { ...identity, ...migrations });
    const clock = { now: () => now, dayMilliseconds: DAY };
    kms = testKms(metadata, clock);
    neighbour = testKms(metadata, clock);
  });
  afterEach(() => metadata.close());

  const call = (account = OWN) => callOf(account, now);

  async function createKey(input: Partial<CreateKeyCommandInput> = {}): Promise<{ id: string; arn: string }> {
    const { KeyMetadata } = await kms.api.CreateKey(call(), input);
    return { id: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "" };
  }

  function policy(...statements: object[]): string {
    return JSON.stringify({ Version: "2012-10-17", Statement: statements });
  }

  const owner = { Effect: "Allow", Principal: { AWS: OWN }, Action: "kms:*", Resource: "*" };

  async function seal(keyId: string, by: TestKms = kms, account = OWN): Promise<Uint8Array> {
    const { CiphertextBlob } = await by.api.Encrypt(call(account), { KeyId: keyId, Plaintext: PLAINTEXT });
    return CiphertextBlob ?? new Uint8Array(0);
  }

  async function open(blob: Uint8Array, by: TestKms = kms, account = OWN): Promise<string> {
    const { Plaintext } = await by.api.Decrypt(call(account), { CiphertextBlob: blob });
    return Buffer.from(Plaintext ?? []).toString();
  }

  async function refusalOf(work: Promise<unknown>): Promise<string> {
    try {
      await work;
    } catch (error) {
      if (error instanceof Error)
        return error.constructor.name === "AccessDenied" ? "AccessDenied" : error.name;
    }
    return "nothing";
  }

  describe("the key policy decides", () => {
    test("also for the account that owns the key", async () => {
      const { id } = await createKey({
        Policy: policy({ ...owner, Action: ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:Encrypt"] }),
      });
      const blob = await seal(id);
      expect(await refusalOf(open(blob))).toBe("AccessDenied");
      expect(await refusalOf(kms.api.DisableKey(call(), { KeyId: id }))).toBe("AccessDenied");
    });

    test("lets another account in by its name alone, and never to what is the owner's", async () => {
      const { arn } = await createKey({
        Policy: policy(owner, { ...owner, Principal: { AWS: OTHER } }),
      });
      expect(await open(await seal(arn, kms, OTHER), kms, OTHER)).toBe("the password");
      expect(await refusalOf(kms.api.DisableKey(call(OTHER), { KeyId: arn }))).toBe("AccessDeniedException");
      const { arn: closed } = await createKey();
      expect(await refusalOf(seal(closed, kms, OTHER))).toBe("AccessDenied");
    });

    test("by the encryption context", async () => {
      const { id } = await createKey({
        Policy: policy(owner, {
          ...{ Effect: "Deny", Principal: "*", Action: "kms:Encrypt", Resource: "*" },
          Condition: { StringNotEquals: { "kms:EncryptionContext:team": "build" } },
        }),
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        kms.api.Encrypt(call(), { KeyId: id, Plaintext: PLAINTEXT, EncryptionContext });
      await encrypt({ team: "build" });
      expect(await refusalOf(encrypt({ team: "web" }))).toBe("AccessDenied");
      expect(await refusalOf(encrypt({}))).toBe("AccessDenied");
    });

    test("by the encryption context, whatever is added to it in another case", async () => {
      const { id } = await createKey({
        Policy: policy(owner, {
          ...{ Effect: "Deny", Principal: "*", Action: "kms:Encrypt", Resource: "*" },
          Condition: { StringEquals: { "kms:EncryptionContext:Team": "web" } },
        }),
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        kms.api.Encrypt(call(), { KeyId: id, Plaintext: PLAINTEXT, EncryptionContext });
      expect(await refusalOf(encrypt({ team: "web" }))).toBe("AccessDenied");
      for (const context of [
        { team: "web", TEAM: "build" },
        { TEAM: "build", team: "web" },
      ])
        expect(await refusalOf(encrypt(context))).toBe("AccessDenied");
      // What no condition asks for may be as it likes.
      await encrypt({ stage: "a", STAGE: "b" });
    });

    test("by the alias that names the key, in every operation that takes one", async () => {
      const alias = "alias/team";
      const denied = (Action: string[]) => ({
        ...{ Effect: "Deny", Principal: "*", Action, Resource: "*" },
        Condition: { StringNotEquals: { "kms:RequestAlias": alias } },
      });
      const actions = ["kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey", "kms:DescribeKey"];
      const { id } = await createKey({ Policy: policy(owner, denied(actions)) });
      await kms.api.CreateAlias(call(), { AliasName: alias, TargetKeyId: id });
      const CiphertextBlob = await seal(id);
      const { id: signing } = await createKey({
        ...{ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" },
        Policy: policy(owner, denied(["kms:GetPublicKey"])),
      });
      const uses = (KeyId: string) => [
        () => kms.api.Decrypt(call(), { KeyId, CiphertextBlob }),
        () => kms.api.ReEncrypt(call(), { SourceKeyId: KeyId, CiphertextBlob, DestinationKeyId: KeyId }),
        () => kms.api.GenerateDataKey(call(), { KeyId, KeySpec: "AES_256" }),
        () => kms.api.DescribeKey(call(), { KeyId }),
      ];
      for (const use of uses(`arn:aws:kms:us-east-1:${OWN}:${alias}`)) await use();
      for (const use of uses(alias)) await use();
      for (const use of uses(id)) expect(await refusalOf(use())).toBe("AccessDenied");
      expect(await refusalOf(kms.api.GetPublicKey(call(), { KeyId: signing }))).toBe("AccessDenied");
      await kms.api.UpdateAlias(call(), { AliasName: alias, TargetKeyId: id });
    });

    test("by whether a ciphertext comes under the key that it has", async () => {
      const deny = {
        ...{ Effect: "Deny", Principal: "*", Action: "kms:ReEncrypt*", Resource: "*" },
        Condition: { Bool: { "kms:ReEncryptOnSameKey": "false" } },
      };
      const { id } = await createKey({ Policy: policy(owner, deny) });
      const { id: other } = await createKey();
      const CiphertextBlob = await seal(id);
      await kms.api.ReEncrypt(call(), { CiphertextBlob, DestinationKeyId: id });
      const away = kms.api.ReEncrypt(call(), { CiphertextBlob, DestinationKeyId: other });
      expect(await refusalOf(away)).toBe("AccessDenied");
      const here = kms.api.ReEncrypt(call(), { CiphertextBlob: await seal(other), DestinationKeyId: id });
      expect(await refusalOf(here)).toBe("AccessDenied");
    });

    test("of AWS's managed keys: through their own service only", async () => {
      const arn = await kms.keys.awsManagedKey(call(), "s3");
      expect(await kms.keys.resolve(call(), "alias/aws/s3")).toBe(arn);
      expect(await refusalOf(seal(arn))).toBe("AccessDenied");
      const use = (viaService: string) =>
        kms.keys.checkUse(call(), arn, { actions: ["kms:GenerateDataKey", "kms:Decrypt"], viaService });
      await use("s3");
      expect(await refusalOf(use("ecr"))).toBe("AccessDenied");
    });
  });

  describe("a grant", () => {
    test("lets its grantee in, for its operations and context, until it is revoked", async () => {
      const { arn, id } = await createKey();
      const { GrantId } = await kms.api.CreateGrant(call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["Encrypt"] },
        Constraints: { EncryptionContextSubset: { team: "build" } },
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        neighbour.api.Encrypt(call(OTHER), { KeyId: arn, Plaintext: PLAINTEXT, EncryptionContext });
      await encrypt({ team: "build", more: "yes" });
      expect(await refusalOf(encrypt({}))).toBe("AccessDenied");
      const { CiphertextBlob } = await encrypt({ team: "build" });
      const EncryptionContext = { team: "build" };
      const decrypt = kms.api.Decrypt(call(OTHER), { CiphertextBlob, EncryptionContext });
      expect(await refusalOf(decrypt)).toBe("AccessDenied");
      await kms.api.RevokeGrant(call(), { KeyId: id, GrantId });
      expect(await refusalOf(encrypt({ team: "build" }))).toBe("AccessDenied");
    });

    test("may be used with its token, which needs no waiting for", async () => {
      const { arn, id } = await createKey();
      const { GrantToken = "" } = await kms.api.CreateGrant(call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["Encrypt"] },
      });
      const input = { KeyId: arn, Plaintext: PLAINTEXT, GrantTokens: [GrantToken] };
      await neighbour.api.Encrypt(call(OTHER), input);
    });

    test("does not win over a deny", async () => {
      const deny = { Effect: "Deny", Principal: { AWS: OTHER }, Action: "kms:Encrypt", Resource: "*" };
      const { arn, id } = await createKey({ Policy: policy(owner, deny) });
      await kms.api.CreateGrant(call(), { KeyId: id, GranteePrincipal: OTHER, Operations: ["Encrypt"] });
      expect(await refusalOf(seal(arn, kms, OTHER))).toBe("AccessDenied");
    });

    test("hands on nothing that it does not allow itself", async () => {
      const { arn, id } = await createKey();
      await kms.api.CreateGrant(call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["CreateGrant", "Encrypt"] },
      });
      const third = "333333333333";
      const handOn = (operation: "Encrypt" | "Decrypt") =>
        kms.api.CreateGrant(call(OTHER), { KeyId: arn, GranteePrincipal: third, Operations: [operation] });
      expect(await refusalOf(handOn("Decrypt"))).toBe("AccessDenied");
      await handOn("Encrypt");
      await seal(arn, kms, third);
    });

    test("of the same name and content is made once; it is retired by whom it names and nobody else", async () => {
      const { id, arn } = await createKey();
      const input = {
        ...{ KeyId: id, GranteePrincipal: OTHER, RetiringPrincipal: OTHER, Name: "once" },
        Operations: ["Encrypt" as const],
      };
      const [first, again] = [
        await kms.api.CreateGrant(call(), input),
        await kms.api.CreateGrant(call(), input),
      ];
      expect(again.GrantId).toBe(first.GrantId);
      expect(again.GrantToken).not.toBe(first.GrantToken);
      const retire = (account: string) =>
        kms.api.RetireGrant(call(account), { KeyId: arn, GrantId: first.GrantId });
      expect(await refusalOf(retire("333333333333"))).toBe("AccessDeniedException");
      await retire(OTHER);
      expect((await kms.api.ListGrants(call(), { KeyId: id })).Grants).toEqual([]);
      expect(await refusalOf(kms.api.RetireGrant(call(), { GrantToken: "nonsense" }))).toBe(
        "InvalidGrantTokenException",
      );
    });
  });

  describe("rotation", () => {
    test("comes on its day, again and again, and old ciphertexts stay readable everywhere", async () => {
      const { id, arn } = await createKey();
      await kms.api.EnableKeyRotation(call(), { KeyId: id, RotationPeriodInDays: 90 });
      const sealed = [await seal(id)];
      for (let round = 1; round <= 3; round += 1) {
        now = new Date(now.getTime() + 90 * DAY - 1);
        await kms.runDueJobs(now);
        expect((await kms.api.ListKeyRotations(call(), { KeyId: id })).Rotations).toHaveLength(round - 1);
        now = new Date(now.getTime() + 1);
        await kms.runDueJobs(now);
        sealed.push(await seal(id));
      }
      const { Rotations = [] } = await kms.api.ListKeyRotations(call(), { KeyId: id });
      expect(Rotations.map((rotation) => rotation.RotationType)).toEqual(Array(3).fill("AUTOMATIC"));
      for (const blob of sealed) {
        expect(await open(blob)).toBe("the password");
        expect(await open(blob, neighbour)).toBe("the password");
      }
      const materials = await Promise.all(
        sealed.map((CiphertextBlob) => kms.api.Decrypt(call(), { CiphertextBlob })),
      );
      expect(new Set(materials.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(4);
      expect(kms.events).toHaveLength(3);
      expect(kms.events[0]).toMatchObject({
        ...{ source: "aws.kms", detailType: "KMS CMK Rotation", account: OWN, region: "us-east-1" },
        ...{ resources: [arn], detail: { "key-id": id } },
      });
    });

    test("rests while the key is disabled, and is made up for", async () => {
      const { id } = await createKey();
      await kms.api.EnableKeyRotation(call(), { KeyId: id, RotationPeriodInDays: 90 });
      await kms.api.DisableKey(call(), { KeyId: id });
      now = new Date(now.getTime() + 100 * DAY);
      await kms.runDueJobs(now);
      await kms.api.EnableKey(call(), { KeyId: id });
      expect((await kms.api.ListKeyRotations(call(), { KeyId: id })).Rotations).toEqual([]);
      await kms.runDueJobs(now);
      expect((await kms.api.ListKeyRotations(call(), { KeyId: id })).Rotations).toHaveLength(1);
    });

    test("that was switched off does not come", async () => {
      const { id } = await createKey();
      await kms.api.EnableKeyRotation(call(), { KeyId: id });
      await kms.api.DisableKeyRotation(call(), { KeyId: id });
      now = new Date(now.getTime() + 400 * DAY);
      await kms.runDueJobs(now);
      expect((await kms.api.ListKeyRotations(call(), { KeyId: id })).Rotations).toEqual([]);
    });

    test("on demand is seen by the other server's next use, and has its limit", async () => {
      const { id } = await createKey();
      await seal(id, neighbour);
      for (let count = 0; count < 25; count += 1) await kms.api.RotateKeyOnDemand(call(), { KeyId: id });
      const { KeyMetadata } = await kms.api.DescribeKey(call(), { KeyId: id });
      const { KeyMaterialId } = await neighbour.api.GenerateDataKey(call(), {
        KeyId: id,
        KeySpec: "AES_256",
      });
      expect(KeyMaterialId).toBe(KeyMetadata?.CurrentKeyMaterialId);
      expect(await refusalOf(kms.api.RotateKeyOnDemand(call(), { KeyId: id }))).toBe(
        "LimitExceededException",
      );
      const all = { KeyId: id, IncludeKeyMaterial: "ALL_KEY_MATERIAL" as const };
      expect((await kms.api.ListKeyRotations(call(), all)).Rotations).toHaveLength(26);
    });
  });

  describe("deletion", () => {
    test("really happens when the window is over, and not a moment before", async () => {
      const { id, arn } = await createKey();
      await kms.api.CreateAlias(call(), { AliasName: "alias/doomed", TargetKeyId: id });
      const blob = await seal(id);
      await kms.api.ScheduleKeyDeletion(call(), { KeyId: id, PendingWindowInDays: 7 });
      now = new Date(now.getTime() + 7 * DAY - 1);
      await kms.runDueJobs(now);
      expect(await refusalOf(open(blob))).toBe("KMSInvalidStateException");
      now = new Date(now.getTime() + 1);
      await kms.runDueJobs(now);
      expect(await refusalOf(kms.api.DescribeKey(call(), { KeyId: id }))).toBe("NotFoundException");
      expect(await refusalOf(kms.api.DescribeKey(call(), { KeyId: "alias/doomed" }))).toBe(
        "NotFoundException",
      );
      expect(await refusalOf(open(blob))).toBe("AccessDeniedException");
      const left = await metadata.reader.selectFrom("kms_materials").selectAll().execute();
      expect(left).toEqual([]);
      expect(kms.events).toMatchObject([{ detailType: "KMS CMK Deletion", resources: [arn] }]);
    });

    test("that was cancelled, or put off, does not happen on its first day", async () => {
      const { id } = await createKey();
      await kms.api.ScheduleKeyDeletion(call(), { KeyId: id, PendingWindowInDays: 7 });
      await kms.api.CancelKeyDeletion(call(), { KeyId: id });
      await kms.api.ScheduleKeyDeletion(call(), { KeyId: id, PendingWindowInDays: 30 });
      now = new Date(now.getTime() + 8 * DAY);
      await kms.runDueJobs(now);
      await kms.api.CancelKeyDeletion(call(), { KeyId: id });
      now = new Date(now.getTime() + 40 * DAY);
      await kms.runDueJobs(now);
      expect((await kms.api.DescribeKey(call(), { KeyId: id })).KeyMetadata?.KeyState).toBe("Disabled");
    });
  });

  describe("data keys of stored bytes", () => {
    test("open under their own scope and nothing else", async () => {
      const [one, two] = [await createKey(), await createKey()];
      const scopes = ["server", one.arn, two.arn] as ("server" | `arn:${string}`)[];
      for (const scope of scopes) {
        const { key, sealed } = await kms.blobKeys.generate(scope);
        expect(Buffer.from(await neighbour.blobKeys.unseal(scope, sealed))).toEqual(Buffer.from(key));
        for (const other of scopes.filter((candidate) => candidate !== scope))
          expect(await refusalOf(kms.blobKeys.unseal(other, sealed))).toBe("InvalidCiphertextException");
        for (const broken of ["", "1.", "x", sealed.slice(0, -4), `9${sealed}`])
          expect(await refusalOf(kms.blobKeys.unseal(scope, broken))).toBe("InvalidCiphertextException");
      }
    });

    test("are refused by every server at once when the key is disabled, and open after a rotation", async () => {
      const { id, arn } = await createKey();
      const scope = arn as `arn:${string}`;
      const { sealed } = await kms.blobKeys.generate(scope);
      await neighbour.blobKeys.unseal(scope, sealed);
      await kms.api.RotateKeyOnDemand(call(), { KeyId: id });
      await neighbour.blobKeys.unseal(scope, sealed);
      await kms.api.DisableKey(call(), { KeyId: id });
      expect(await refusalOf(neighbour.blobKeys.unseal(scope, sealed))).toBe("DisabledException");
      expect(await refusalOf(neighbour.blobKeys.generate(scope))).toBe("DisabledException");
      expect(await refusalOf(neighbour.keys.requireUsable(scope))).toBe("DisabledException");
      await kms.api.EnableKey(call(), { KeyId: id });
      await neighbour.blobKeys.unseal(scope, sealed);
    });

    test("servers that start together make one server key and one managed key", async () => {
      const made = await Promise.all(
        [kms, neighbour, kms, neighbour].map((one) => one.blobKeys.generate("server")),
      );
      for (const { key, sealed } of made)
        expect(Buffer.from(await kms.blobKeys.unseal("server", sealed))).toEqual(Buffer.from(key));
      const managed = await Promise.all(
        [kms, neighbour, kms].map((one) => one.keys.awsManagedKey(call(), "ecr")),
      );
      expect(new Set(managed).size).toBe(1);
      expect((await kms.api.ListKeys(call(), {})).Keys).toHaveLength(1);
    });
  });

  test("regions and accounts have keys and aliases of their own", async () => {
    const { id } = await createKey();
    await kms.api.CreateAlias(call(), { AliasName: "alias/same", TargetKeyId: id });
    const elsewhere = { ...call(), region: "eu-west-1" as never };
    expect((await kms.api.ListKeys(elsewhere, {})).Keys).toEqual([]);
    expect(await refusalOf(kms.api.DescribeKey(elsewhere, { KeyId: id }))).toBe("NotFoundException");
    expect(await refusalOf(kms.api.DescribeKey(call(OTHER), { KeyId: "alias/same" }))).toBe(
      "NotFoundException",
    );
    const { KeyMetadata } = await kms.api.CreateKey(call(OTHER), {});
    await kms.api.CreateAlias(call(OTHER), { AliasName: "alias/same", TargetKeyId: KeyMetadata?.KeyId });
    const blob = await seal("alias/same");
    expect(await refusalOf(kms.api.Decrypt(elsewhere, { CiphertextBlob: blob }))).toBe(
      "AccessDeniedException",
    );
  });

  test("a server that still has the root key from before a change makes no key that the new one would not open", async () => {
    const [before, after] = [ROOT_KEY.bytes, Buffer.alloc(32, 7)].map((bytes) =>
      Buffer.from(bytes).toString("base64"),
    );
    await openRootKey(metadata, { kind: "environment", text: before ?? "" }, now);
    const { id } = await createKey();
    const folder = temporaryFolder("changed-root-key");
    const newFile = join(folder.path, "new.key");
    writeFileSync(newFile, after ?? "");
    const current = { kind: "environment", text: before ?? "" } as const;
    await runRootKeyCommand(metadata, { current, newFile }, now);
    folder.remove();
    expect(await refusalOf(createKey())).toBe("RootKeyProblem");
    expect(await refusalOf(kms.api.RotateKeyOnDemand(call(), { KeyId: id }))).toBe("RootKeyProblem");
    expect((await kms.api.ListKeys(call(), {})).Keys).toHaveLength(1);
  });

  test("material that was put in another one's row does not open", async () => {
    const [one, two] = [await createKey(), await createKey()];
    await metadata.write(async (tx) => {
      const { sealed } = await tx
        .selectFrom("kms_materials")
        .select("sealed")
        .where("key_id", "=", one.id)
        .executeTakeFirstOrThrow();
      await tx.updateTable("kms_materials").set({ sealed }).where("key_id", "=", two.id).execute();
    });
    expect(await refusalOf(seal(two.id))).toBe("MaterialDamaged");
    await seal(one.id);
  });
});
