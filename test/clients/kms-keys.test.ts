/** Keys over time: those AWS manages, lists of them, restarts, and the day on which one is deleted. */
import { expect, test } from "bun:test";
import { setTimeout } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-kms";
import { RunningServer } from "../running-server.ts";
import { type Output, PLAINTEXT, refusalOf, serveKms } from "./kms-by-sdk.ts";
import { optionsFor } from "./served-client.ts";

const { kms, bySdk } = serveKms();

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
  await kms.server.restart();
  const { Plaintext } = await bySdk("Decrypt", { CiphertextBlob });
  expect(Buffer.from(Plaintext)).toEqual(PLAINTEXT);
}, 60_000);

test("on short days a key is really deleted when its day has come, and the others stay", async () => {
  const hurried = await RunningServer.start({
    env: { SHOSOIN_DAY_SECONDS: "1" },
    args: ["--log-level", "error"],
  });
  const own = new sdk.KMSClient({ ...optionsFor(hurried) });
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
