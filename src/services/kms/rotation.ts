/**
 * Rotation of symmetric keys (KMS developer guide, "Rotate AWS KMS keys"): new material encrypts from now on, the old one
 * stays for what it encrypted.
 */
import { randomBytes } from "node:crypto";
import type {
  DisableKeyRotationCommandInput,
  EnableKeyRotationCommandInput,
  GetKeyRotationStatusCommandInput,
  ListKeyRotationsCommandInput,
  RotateKeyOnDemandCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import type { JobHandler } from "../../jobs/jobs.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import { authorizeKey } from "./access.ts";
import type { KmsContext } from "./context.ts";
import { keyNotFound, limitExceeded, unsupported, validation } from "./errors.ts";
import { type Key, keyArn, requireEnabled } from "./key.ts";
import { keyEvent } from "./key-events.ts";
import { ROTATION_PERIOD_DAYS } from "./make-key.ts";
import { openKeyById, openOwnKey } from "./open-named-key.ts";
import { pageOf } from "./paging.ts";
import { ROTATE_KEY, scheduleRotation } from "./rotation-schedule.ts";

/** KMS's quota of a key's on-demand rotations. */
const MAX_ON_DEMAND = 25;

type RotationType = "AUTOMATIC" | "ON_DEMAND";

export async function enableKeyRotation(kms: KmsContext, call: Call, input: EnableKeyRotationCommandInput) {
  const days = input.RotationPeriodInDays;
  const key = await openOwnKey(kms, call, input.KeyId, {
    action: "kms:EnableKeyRotation",
    conditions: days === undefined ? {} : { "kms:RotationPeriodInDays": String(days) },
  });
  await kms.metadata.write(async (tx) => {
    const present = await rotatable(tx, key);
    const period = days ?? ROTATION_PERIOD_DAYS;
    // Enabled again with the period it has: its day stays.
    const same = present.rotation_enabled === 1 && present.rotation_period_days === period;
    const rotation_at = same ? present.rotation_at : nextRotation(kms, period);
    const changed = { rotation_enabled: 1, rotation_period_days: period, rotation_at };
    await tx.updateTable("kms_keys").set(changed).where("id", "=", key.id).execute();
    await scheduleRotation(tx, kms.jobs, { ...present, ...changed });
  });
  return {};
}

export async function disableKeyRotation(kms: KmsContext, call: Call, input: DisableKeyRotationCommandInput) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:DisableKeyRotation" });
  await kms.metadata.write(async (tx) => {
    await rotatable(tx, key);
    await tx
      .updateTable("kms_keys")
      .set({ rotation_enabled: 0, rotation_at: null })
      .where("id", "=", key.id)
      .execute();
  });
  return {};
}

export async function getKeyRotationStatus(
  kms: KmsContext,
  call: Call,
  input: GetKeyRotationStatusCommandInput,
) {
  const key = await openKeyById(kms, call, input.KeyId);
  await authorizeKey(kms, call, key, { action: "kms:GetKeyRotationStatus" });
  requireSymmetric(key);
  // While its deletion is pending a key is not rotated (GetKeyRotationStatus, "Pending deletion").
  const rotates = key.rotation_enabled === 1 && key.state !== "PendingDeletion";
  return {
    KeyId: key.id,
    KeyRotationEnabled: rotates,
    ...(rotates && { RotationPeriodInDays: key.rotation_period_days }),
    ...(rotates && key.rotation_at !== null && { NextRotationDate: new Date(key.rotation_at) }),
  };
}

export async function rotateKeyOnDemand(kms: KmsContext, call: Call, input: RotateKeyOnDemandCommandInput) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:RotateKeyOnDemand" });
  if (key.manager === "AWS") throw unsupported("An AWS managed key is rotated every year and not on demand.");
  requireSymmetric(key);
  requireEnabled(key);
  const secret = randomBytes(32);
  await kms.metadata.write(async (tx) => {
    const present = await rotatable(tx, key);
    const done = await tx
      .selectFrom("kms_materials")
      .select("version")
      .where("key_id", "=", key.id)
      .where("rotation_type", "=", "ON_DEMAND")
      .execute();
    if (done.length >= MAX_ON_DEMAND)
      throw limitExceeded(`A key can be rotated on demand ${MAX_ON_DEMAND} times.`);
    await rotate(kms, tx, present, secret, "ON_DEMAND");
  });
  return { KeyId: key.id };
}

export async function listKeyRotations(kms: KmsContext, call: Call, input: ListKeyRotationsCommandInput) {
  const key = await openOwnKey(kms, call, input.KeyId, { action: "kms:ListKeyRotations" });
  requireSymmetric(key);
  const all = input.IncludeKeyMaterial === "ALL_KEY_MATERIAL";
  const { rows, next } = await pageOf(
    kms,
    call,
    { operation: "ListKeyRotations", purpose: [key.id, String(all)], defaultLimit: 100 },
    input,
    (after, limit) =>
      kms.metadata.reader
        .selectFrom("kms_materials")
        .select(["version", "material_id", "created_at", "rotation_type"])
        .where("key_id", "=", key.id)
        .where("version", ">", after === "" ? (all ? 0 : 1) : Number(after))
        .orderBy("version")
        .limit(limit)
        .execute(),
    (row) => String(row.version),
  );
  const rotations = rows.map((row) => ({
    KeyId: key.id,
    KeyMaterialId: row.material_id,
    KeyMaterialState: row.version === key.version ? ("CURRENT" as const) : ("NON_CURRENT" as const),
    ...(row.rotation_type !== null && {
      RotationDate: new Date(row.created_at),
      RotationType: row.rotation_type as RotationType,
    }),
  }));
  return { Rotations: rotations, ...next };
}

/** Rotates a key on its day, unless rotation was switched off or the key is not enabled. */
export function rotateKeyHandler(
  kms: Pick<KmsContext, "metadata" | "materials" | "jobs" | "events" | "clock">,
): JobHandler {
  return {
    kind: ROTATE_KEY,
    async run(job) {
      const { keyId } = job.payload as { keyId: string };
      const secret = randomBytes(32);
      await kms.metadata.write(async (tx) => {
        const key = await tx
          .selectFrom("kms_keys")
          .selectAll()
          .where("id", "=", keyId)
          .where("state", "=", "Enabled")
          .where("rotation_at", "<=", kms.clock.now().getTime())
          .executeTakeFirst();
        if (key === undefined) return;
        await rotate(kms, tx, key, secret, "AUTOMATIC");
        const rotation_at = nextRotation(kms, key.rotation_period_days);
        await tx.updateTable("kms_keys").set({ rotation_at }).where("id", "=", keyId).execute();
        await scheduleRotation(tx, kms.jobs, { ...key, rotation_at });
      });
    },
  };
}

async function rotate(
  kms: Pick<KmsContext, "materials" | "events" | "clock">,
  tx: Transaction,
  key: Key,
  secret: Uint8Array,
  rotation: RotationType,
): Promise<void> {
  const at = kms.clock.now();
  const version = key.version + 1;
  await kms.materials.insert(tx, kms.materials.seal(key.id, version, secret, { at, rotation }));
  await tx.updateTable("kms_keys").set({ version }).where("id", "=", key.id).execute();
  await kms.events.record(tx, keyEvent("KMS CMK Rotation", key, at));
}

function nextRotation({ clock }: Pick<KmsContext, "clock">, days: number): number {
  return clock.now().getTime() + days * clock.dayMilliseconds;
}

/** The key as it is inside a transaction, when its rotation may be changed. */
async function rotatable(tx: Transaction, { id, ...place }: Key): Promise<Key> {
  const key = await tx.selectFrom("kms_keys").selectAll().where("id", "=", id).executeTakeFirst();
  if (key === undefined) throw keyNotFound(keyArn({ ...place, id }));
  requireSymmetric(key);
  requireEnabled(key);
  if (key.manager === "AWS") throw validation("The rotation of an AWS managed key cannot be changed.");
  return key;
}

function requireSymmetric(key: Key): void {
  if (key.spec !== "SYMMETRIC_DEFAULT")
    throw unsupported(`${keyArn(key)} is no symmetric encryption key: its material cannot be rotated.`);
}
