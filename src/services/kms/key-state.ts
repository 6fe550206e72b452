/** Enabling, disabling and deleting keys (KMS developer guide, "Key states of AWS KMS keys"). */
import type {
  CancelKeyDeletionCommandInput,
  DisableKeyCommandInput,
  EnableKeyCommandInput,
  ScheduleKeyDeletionCommandInput,
} from "@aws-sdk/client-kms";
import type { Call } from "../../identity/call.ts";
import type { JobHandler } from "../../jobs/jobs.ts";
import type { Transaction } from "../../storage/metadata/metadata.ts";
import type { KmsContext } from "./context.ts";
import { keyNotFound, notPendingDeletion, pendingDeletion, validation } from "./errors.ts";
import { type Key, keyArn } from "./key.ts";
import { keyEvent } from "./key-events.ts";
import { openOwnKey } from "./open-named-key.ts";
import { scheduleRotation } from "./rotation-schedule.ts";

const DELETE_KEY = "kms.delete-key";

/** The window of a deletion, in days; the longest is what a request without one means. */
const SHORTEST_WINDOW = 7;
const LONGEST_WINDOW = 30;

export async function enableKey(kms: KmsContext, call: Call, input: EnableKeyCommandInput) {
  const { id } = await openOwnKey(kms, call, input.KeyId, { action: "kms:EnableKey" });
  await kms.metadata.write(async (tx) => {
    const key = await changeable(tx, id, call);
    await tx.updateTable("kms_keys").set({ state: "Enabled" }).where("id", "=", id).execute();
    // Rotation rests while a key is disabled; what has become due meanwhile is made up for.
    await scheduleRotation(tx, kms.jobs, key);
  });
  return {};
}

export async function disableKey(kms: KmsContext, call: Call, input: DisableKeyCommandInput) {
  const { id } = await openOwnKey(kms, call, input.KeyId, { action: "kms:DisableKey" });
  await kms.metadata.write(async (tx) => {
    await changeable(tx, id, call);
    await tx.updateTable("kms_keys").set({ state: "Disabled" }).where("id", "=", id).execute();
  });
  return {};
}

export async function scheduleKeyDeletion(
  kms: KmsContext,
  call: Call,
  input: ScheduleKeyDeletionCommandInput,
) {
  const days = input.PendingWindowInDays ?? LONGEST_WINDOW;
  const { id } = await openOwnKey(kms, call, input.KeyId, {
    action: "kms:ScheduleKeyDeletion",
    conditions: { "kms:ScheduleKeyDeletionPendingWindowInDays": String(days) },
  });
  requireWindow(days);
  const deletionAt = kms.clock.now().getTime() + days * kms.clock.dayMilliseconds;
  const arn = await kms.metadata.write(async (tx) => {
    const key = await changeable(tx, id, call);
    await tx
      .updateTable("kms_keys")
      .set({ state: "PendingDeletion", deletion_at: deletionAt })
      .where("id", "=", id)
      .execute();
    await kms.jobs.enqueue(tx, {
      kind: DELETE_KEY,
      payload: { keyId: id },
      runAt: new Date(deletionAt),
      key: `${id}/${deletionAt}`,
    });
    return keyArn(key);
  });
  return {
    KeyId: arn,
    DeletionDate: new Date(deletionAt),
    KeyState: "PendingDeletion" as const,
    PendingWindowInDays: days,
  };
}

export async function cancelKeyDeletion(kms: KmsContext, call: Call, input: CancelKeyDeletionCommandInput) {
  const { id } = await openOwnKey(kms, call, input.KeyId, { action: "kms:CancelKeyDeletion" });
  const arn = await kms.metadata.write(async (tx) => {
    const key = await present(tx, id, call);
    if (key.state !== "PendingDeletion") throw notPendingDeletion(keyArn(key));
    await tx
      .updateTable("kms_keys")
      .set({ state: "Disabled", deletion_at: null })
      .where("id", "=", id)
      .execute();
    return keyArn(key);
  });
  return { KeyId: arn };
}

/** Deletes a key for good when its day has come and nobody changed their mind. */
export function deleteKeyHandler(kms: Pick<KmsContext, "metadata" | "events" | "clock" | "log">): JobHandler {
  return {
    kind: DELETE_KEY,
    async run(job) {
      const { keyId } = job.payload as { keyId: string };
      const now = kms.clock.now();
      const deleted = await kms.metadata.write(async (tx) => {
        const key = await tx
          .selectFrom("kms_keys")
          .selectAll()
          .where("id", "=", keyId)
          .where("state", "=", "PendingDeletion")
          .where("deletion_at", "<=", now.getTime())
          .executeTakeFirst();
        if (key === undefined) return undefined;
        await destroyMaterial(tx, keyId);
        await tx.deleteFrom("kms_grants").where("key_id", "=", keyId).execute();
        await tx.deleteFrom("kms_aliases").where("key_id", "=", keyId).execute();
        await tx.deleteFrom("kms_keys").where("id", "=", keyId).execute();
        await kms.events.record(tx, keyEvent("KMS CMK Deletion", key, now));
        return keyArn(key);
      });
      if (deleted)
        kms.log.warn({ key: deleted }, "a key was deleted: what lies under it cannot be read any more");
    },
  };
}

/** Overwritten first: a row that is only deleted stays in the database's file until something else needs its place. */
async function destroyMaterial(tx: Transaction, keyId: string): Promise<void> {
  const rows = await tx
    .selectFrom("kms_materials")
    .select(["version", "sealed"])
    .where("key_id", "=", keyId)
    .execute();
  for (const { version, sealed } of rows)
    await tx
      .updateTable("kms_materials")
      .set({ sealed: new Uint8Array(sealed.byteLength) })
      .where("key_id", "=", keyId)
      .where("version", "=", version)
      .execute();
  await tx.deleteFrom("kms_materials").where("key_id", "=", keyId).execute();
}

function requireWindow(days: number): void {
  if (days >= SHORTEST_WINDOW && days <= LONGEST_WINDOW) return;
  const demand =
    days < SHORTEST_WINDOW
      ? `greater than or equal to ${SHORTEST_WINDOW}`
      : `less than or equal to ${LONGEST_WINDOW}`;
  throw validation(
    `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${demand}`,
  );
}

/** The key as it is inside a transaction: another one may have scheduled its deletion since. */
async function changeable(tx: Transaction, id: string, call: Call): Promise<Key> {
  const key = await present(tx, id, call);
  if (key.state === "PendingDeletion") throw pendingDeletion(keyArn(key));
  return key;
}

async function present(tx: Transaction, id: string, call: Call): Promise<Key> {
  const key = await tx.selectFrom("kms_keys").selectAll().where("id", "=", id).executeTakeFirst();
  if (key === undefined) throw keyNotFound(keyArn({ ...call, id }));
  return key;
}
