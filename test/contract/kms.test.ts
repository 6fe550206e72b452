/** Keys on both databases: how they rotate and go, and what servers that share them see of each other. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRootKey } from "../../src/services/kms/index.ts";
import { runRootKeyCommand } from "../../src/services/kms/root-key-command.ts";
import { ROOT_KEY } from "../../src/services/kms/testing/test-kms.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { DAY, describeKeysOnEachDatabase, OTHER, OWN, refusalOf } from "./keys-on-each-database.ts";

describeKeysOnEachDatabase("keys", (on) => {
  describe("rotation", () => {
    test("comes on its day, again and again, and old ciphertexts stay readable everywhere", async () => {
      const { id, arn } = await on.createKey();
      await on.kms.api.EnableKeyRotation(on.call(), { KeyId: id, RotationPeriodInDays: 90 });
      const sealed = [await on.seal(id)];
      for (let round = 1; round <= 3; round += 1) {
        on.now = new Date(on.now.getTime() + 90 * DAY - 1);
        await on.kms.runDueJobs(on.now);
        expect((await on.kms.api.ListKeyRotations(on.call(), { KeyId: id })).Rotations).toHaveLength(
          round - 1,
        );
        on.now = new Date(on.now.getTime() + 1);
        await on.kms.runDueJobs(on.now);
        sealed.push(await on.seal(id));
      }
      const { Rotations = [] } = await on.kms.api.ListKeyRotations(on.call(), { KeyId: id });
      expect(Rotations.map((rotation) => rotation.RotationType)).toEqual(Array(3).fill("AUTOMATIC"));
      for (const blob of sealed) {
        expect(await on.open(blob)).toBe("the password");
        expect(await on.open(blob, on.neighbour)).toBe("the password");
      }
      const materials = await Promise.all(
        sealed.map((CiphertextBlob) => on.kms.api.Decrypt(on.call(), { CiphertextBlob })),
      );
      expect(new Set(materials.map(({ KeyMaterialId }) => KeyMaterialId)).size).toBe(4);
      expect(on.kms.events).toHaveLength(3);
      expect(on.kms.events[0]).toMatchObject({
        ...{ source: "aws.kms", detailType: "KMS CMK Rotation", account: OWN, region: "us-east-1" },
        ...{ resources: [arn], detail: { "key-id": id } },
      });
    });

    test("rests while the key is disabled, and is made up for", async () => {
      const { id } = await on.createKey();
      await on.kms.api.EnableKeyRotation(on.call(), { KeyId: id, RotationPeriodInDays: 90 });
      await on.kms.api.DisableKey(on.call(), { KeyId: id });
      on.now = new Date(on.now.getTime() + 100 * DAY);
      await on.kms.runDueJobs(on.now);
      await on.kms.api.EnableKey(on.call(), { KeyId: id });
      expect((await on.kms.api.ListKeyRotations(on.call(), { KeyId: id })).Rotations).toEqual([]);
      await on.kms.runDueJobs(on.now);
      expect((await on.kms.api.ListKeyRotations(on.call(), { KeyId: id })).Rotations).toHaveLength(1);
    });

    test("that was switched off does not come", async () => {
      const { id } = await on.createKey();
      await on.kms.api.EnableKeyRotation(on.call(), { KeyId: id });
      await on.kms.api.DisableKeyRotation(on.call(), { KeyId: id });
      on.now = new Date(on.now.getTime() + 400 * DAY);
      await on.kms.runDueJobs(on.now);
      expect((await on.kms.api.ListKeyRotations(on.call(), { KeyId: id })).Rotations).toEqual([]);
    });

    test("on demand is seen by the other server's next use, and has its limit", async () => {
      const { id } = await on.createKey();
      await on.seal(id, on.neighbour);
      for (let count = 0; count < 25; count += 1)
        await on.kms.api.RotateKeyOnDemand(on.call(), { KeyId: id });
      const { KeyMetadata } = await on.kms.api.DescribeKey(on.call(), { KeyId: id });
      const { KeyMaterialId } = await on.neighbour.api.GenerateDataKey(on.call(), {
        KeyId: id,
        KeySpec: "AES_256",
      });
      expect(KeyMaterialId).toBe(KeyMetadata?.CurrentKeyMaterialId);
      expect(await refusalOf(on.kms.api.RotateKeyOnDemand(on.call(), { KeyId: id }))).toBe(
        "LimitExceededException",
      );
      const all = { KeyId: id, IncludeKeyMaterial: "ALL_KEY_MATERIAL" as const };
      expect((await on.kms.api.ListKeyRotations(on.call(), all)).Rotations).toHaveLength(26);
    });
  });

  describe("deletion", () => {
    test("really happens when the window is over, and not a moment before", async () => {
      const { id, arn } = await on.createKey();
      await on.kms.api.CreateAlias(on.call(), { AliasName: "alias/doomed", TargetKeyId: id });
      const blob = await on.seal(id);
      await on.kms.api.ScheduleKeyDeletion(on.call(), { KeyId: id, PendingWindowInDays: 7 });
      on.now = new Date(on.now.getTime() + 7 * DAY - 1);
      await on.kms.runDueJobs(on.now);
      expect(await refusalOf(on.open(blob))).toBe("KMSInvalidStateException");
      on.now = new Date(on.now.getTime() + 1);
      await on.kms.runDueJobs(on.now);
      expect(await refusalOf(on.kms.api.DescribeKey(on.call(), { KeyId: id }))).toBe("NotFoundException");
      expect(await refusalOf(on.kms.api.DescribeKey(on.call(), { KeyId: "alias/doomed" }))).toBe(
        "NotFoundException",
      );
      expect(await refusalOf(on.open(blob))).toBe("AccessDeniedException");
      const left = await on.metadata.reader.selectFrom("kms_materials").selectAll().execute();
      expect(left).toEqual([]);
      expect(on.kms.events).toMatchObject([{ detailType: "KMS CMK Deletion", resources: [arn] }]);
    });

    test("that was cancelled, or put off, does not happen on its first day", async () => {
      const { id } = await on.createKey();
      await on.kms.api.ScheduleKeyDeletion(on.call(), { KeyId: id, PendingWindowInDays: 7 });
      await on.kms.api.CancelKeyDeletion(on.call(), { KeyId: id });
      await on.kms.api.ScheduleKeyDeletion(on.call(), { KeyId: id, PendingWindowInDays: 30 });
      on.now = new Date(on.now.getTime() + 8 * DAY);
      await on.kms.runDueJobs(on.now);
      await on.kms.api.CancelKeyDeletion(on.call(), { KeyId: id });
      on.now = new Date(on.now.getTime() + 40 * DAY);
      await on.kms.runDueJobs(on.now);
      expect((await on.kms.api.DescribeKey(on.call(), { KeyId: id })).KeyMetadata?.KeyState).toBe("Disabled");
    });
  });

  describe("data keys of stored bytes", () => {
    test("open under their own scope and nothing else", async () => {
      const [one, two] = [await on.createKey(), await on.createKey()];
      const scopes = ["server", one.arn, two.arn] as ("server" | `arn:${string}`)[];
      for (const scope of scopes) {
        const { key, sealed } = await on.kms.blobKeys.generate(scope);
        expect(Buffer.from(await on.neighbour.blobKeys.unseal(scope, sealed))).toEqual(Buffer.from(key));
        for (const other of scopes.filter((candidate) => candidate !== scope))
          expect(await refusalOf(on.kms.blobKeys.unseal(other, sealed))).toBe("InvalidCiphertextException");
        for (const broken of ["", "1.", "x", sealed.slice(0, -4), `9${sealed}`])
          expect(await refusalOf(on.kms.blobKeys.unseal(scope, broken))).toBe("InvalidCiphertextException");
      }
    });

    test("are refused by every server at once when the key is disabled, and open after a rotation", async () => {
      const { id, arn } = await on.createKey();
      const scope = arn as `arn:${string}`;
      const { sealed } = await on.kms.blobKeys.generate(scope);
      await on.neighbour.blobKeys.unseal(scope, sealed);
      await on.kms.api.RotateKeyOnDemand(on.call(), { KeyId: id });
      await on.neighbour.blobKeys.unseal(scope, sealed);
      await on.kms.api.DisableKey(on.call(), { KeyId: id });
      expect(await refusalOf(on.neighbour.blobKeys.unseal(scope, sealed))).toBe("DisabledException");
      expect(await refusalOf(on.neighbour.blobKeys.generate(scope))).toBe("DisabledException");
      expect(await refusalOf(on.neighbour.keys.requireUsable(scope))).toBe("DisabledException");
      await on.kms.api.EnableKey(on.call(), { KeyId: id });
      await on.neighbour.blobKeys.unseal(scope, sealed);
    });

    test("servers that start together make one server key and one managed key", async () => {
      const made = await Promise.all(
        [on.kms, on.neighbour, on.kms, on.neighbour].map((one) => one.blobKeys.generate("server")),
      );
      for (const { key, sealed } of made)
        expect(Buffer.from(await on.kms.blobKeys.unseal("server", sealed))).toEqual(Buffer.from(key));
      const managed = await Promise.all(
        [on.kms, on.neighbour, on.kms].map((one) => one.keys.awsManagedKey(on.call(), "ecr")),
      );
      expect(new Set(managed).size).toBe(1);
      expect((await on.kms.api.ListKeys(on.call(), {})).Keys).toHaveLength(1);
    });
  });

  test("regions and accounts have keys and aliases of their own", async () => {
    const { id } = await on.createKey();
    await on.kms.api.CreateAlias(on.call(), { AliasName: "alias/same", TargetKeyId: id });
    const elsewhere = { ...on.call(), region: "eu-west-1" as never };
    expect((await on.kms.api.ListKeys(elsewhere, {})).Keys).toEqual([]);
    expect(await refusalOf(on.kms.api.DescribeKey(elsewhere, { KeyId: id }))).toBe("NotFoundException");
    expect(await refusalOf(on.kms.api.DescribeKey(on.call(OTHER), { KeyId: "alias/same" }))).toBe(
      "NotFoundException",
    );
    const { KeyMetadata } = await on.kms.api.CreateKey(on.call(OTHER), {});
    await on.kms.api.CreateAlias(on.call(OTHER), {
      AliasName: "alias/same",
      TargetKeyId: KeyMetadata?.KeyId,
    });
    const blob = await on.seal("alias/same");
    expect(await refusalOf(on.kms.api.Decrypt(elsewhere, { CiphertextBlob: blob }))).toBe(
      "AccessDeniedException",
    );
  });

  test("a server that still has the root key from before a change makes no key that the new one would not open", async () => {
    const [before, after] = [ROOT_KEY.bytes, Buffer.alloc(32, 7)].map((bytes) =>
      Buffer.from(bytes).toString("base64"),
    );
    await openRootKey(on.metadata, { kind: "environment", text: before ?? "" }, on.now);
    const { id } = await on.createKey();
    const folder = temporaryFolder("changed-root-key");
    const newFile = join(folder.path, "new.key");
    writeFileSync(newFile, after ?? "");
    const current = { kind: "environment", text: before ?? "" } as const;
    await runRootKeyCommand(on.metadata, { current, newFile }, on.now);
    folder.remove();
    expect(await refusalOf(on.createKey())).toBe("RootKeyProblem");
    expect(await refusalOf(on.kms.api.RotateKeyOnDemand(on.call(), { KeyId: id }))).toBe("RootKeyProblem");
    expect((await on.kms.api.ListKeys(on.call(), {})).Keys).toHaveLength(1);
  });

  test("material that was put in another one's row does not open", async () => {
    const [one, two] = [await on.createKey(), await on.createKey()];
    await on.metadata.write(async (tx) => {
      const { sealed } = await tx
        .selectFrom("kms_materials")
        .select("sealed")
        .where("key_id", "=", one.id)
        .executeTakeFirstOrThrow();
      await tx.updateTable("kms_materials").set({ sealed }).where("key_id", "=", two.id).execute();
    });
    expect(await refusalOf(on.seal(two.id))).toBe("MaterialDamaged");
    await on.seal(one.id);
  });
});
