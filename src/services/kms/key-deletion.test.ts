import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { migrations as identity } from "../../identity/migrations.ts";
import { openMetadata } from "../../storage/metadata/open.ts";
import { migrations } from "./index.ts";
import { callOf, testKms } from "./testing/test-kms.ts";

const DAY = 86_400_000;

test("of a deleted key's material nothing is left in the database's files, sealed as it was", async () => {
  const place = temporaryFolder("deleted-key");
  const metadata = await openMetadata(join(place.path, "metadata.db"), { ...identity, ...migrations });
  let now = new Date("2026-03-01T00:00:00Z");
  const kms = testKms(metadata, { now: () => now, dayMilliseconds: DAY });
  const call = () => callOf("123456789012", now);
  const made = [];
  for (const spec of [{}, { KeySpec: "RSA_2048" as const, KeyUsage: "SIGN_VERIFY" as const }, {}]) {
    const { KeyMetadata } = await kms.api.CreateKey(call(), spec);
    made.push(KeyMetadata?.KeyId ?? "");
  }
  const [first = "", second = "", kept = ""] = made;
  await kms.api.RotateKeyOnDemand(call(), { KeyId: first });
  const sealedOf = async (id: string) => {
    const rows = await metadata.reader
      .selectFrom("kms_materials")
      .select("sealed")
      .where("key_id", "=", id)
      .execute();
    return rows.map(({ sealed }) => Buffer.from(sealed));
  };
  const gone = [...(await sealedOf(first)), ...(await sealedOf(second))];
  const stays = await sealedOf(kept);
  for (const KeyId of [first, second]) await kms.api.ScheduleKeyDeletion(call(), { KeyId });
  now = new Date(now.getTime() + 31 * DAY);
  await kms.runDueJobs(now);
  await metadata.close();
  const files = readdirSync(place.path).map((name) => readFileSync(join(place.path, name)));
  // The end of each, as long rows are spread over pages.
  const isThere = (sealed: Buffer) => files.some((file) => file.includes(sealed.subarray(-40)));
  expect(gone.length).toBe(3);
  expect(stays.every(isThere)).toBe(true);
  expect(gone.filter(isThere)).toEqual([]);
  place.remove();
});
