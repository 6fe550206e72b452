/** Accounts, keys and tokens on every database, with two servers on one of them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createAccount, listAccounts } from "../../src/identity/accounts.ts";
import { createIdentity } from "../../src/identity/identity.ts";
import { migrations } from "../../src/identity/migrations.ts";
import { rootPrincipal } from "../../src/identity/principal.ts";
import { ensureRootAccount } from "../../src/identity/root-account.ts";
import { createSecrets } from "../../src/identity/secrets.ts";
import { account, NOW, region, TurnableClock } from "../../src/identity/testing/fresh-identity.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeOnEachDatabase } from "./databases.ts";

const ACCOUNT = account("123456789012");
const OTHER = account("999999999999");
const REGION = region("eu-west-1");

describeOnEachDatabase("identity of two servers", (databases) => {
  let one: Metadata;
  let two: Metadata;

  beforeEach(async () => {
    const url = await databases.fresh();
    one = await openMetadata(url, migrations);
    two = await openMetadata(url, migrations);
  });

  afterEach(async () => {
    await one.close();
    await two.close();
  });

  const serverOn = (metadata: Metadata, clock = new TurnableClock()) =>
    createIdentity(metadata, createSecrets(metadata), clock);

  test("both start at once and have one root key", async () => {
    const keys = await Promise.all(
      [one, two, one, two].map((metadata) => ensureRootAccount(metadata, { accountId: ACCOUNT }, NOW)),
    );
    expect(new Set(keys.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
    expect(new Set(keys.map(({ secretAccessKey }) => secretAccessKey)).size).toBe(1);
  });

  test("both sign with the same keys from the first moment", async () => {
    const keys = await Promise.all(
      [one, two, one, two].map((metadata) => createSecrets(metadata).key("ecr-token")),
    );
    expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(1);
  });

  test("a token of one is good on the other until its key is replaced there", async () => {
    const key = await ensureRootAccount(one, { accountId: ACCOUNT }, NOW);
    const clock = new TurnableClock();
    const there = serverOn(two, clock);
    const { token } = await serverOn(one).issueRegistryToken(
      rootPrincipal(ACCOUNT, key.accessKeyId),
      REGION,
      NOW,
    );
    expect((await there.verifyRegistryToken(token, NOW))?.account).toBe(ACCOUNT);
    const rootKey = { ...key, secretAccessKey: "replaced-secret" };
    await ensureRootAccount(one, { accountId: ACCOUNT, rootKey }, NOW);
    clock.turn(2_000);
    expect(await there.verifyRegistryToken(token, NOW)).toBeUndefined();
  });

  test("an account that both create at once exists once", async () => {
    const results = await Promise.allSettled(
      [one, two].map((metadata) => metadata.write((tx) => createAccount(tx, OTHER, NOW))),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const failed = results.find((result) => result.status === "rejected");
    expect(failed?.reason).toMatchObject({ name: "AccountExists" });
    expect((await listAccounts(two.reader)).map(({ id, createdAt }) => [id, createdAt])).toEqual([
      [OTHER, NOW],
    ]);
  });
});
