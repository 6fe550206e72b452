import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { AccessKeys } from "./access-keys.ts";
import { createAccount } from "./accounts.ts";
import { ensureRootAccount } from "./root-account.ts";
import { rootKeyPath } from "./root-key-file.ts";
import { account, type FreshDatabase, freshDatabase, NOW, TurnableClock } from "./testing/fresh-identity.ts";

const ACCOUNT = account("123456789012");
const OTHER = account("999999999999");
const CONFIGURED = { accessKeyId: "shosoin-root", secretAccessKey: "correct-horse" };

let database: FreshDatabase;
let metadata: Metadata;

beforeEach(async () => {
  database = await freshDatabase();
  metadata = await database.open();
});

afterEach(() => database.remove());

const works = async (id: string) =>
  (await new AccessKeys(metadata.reader, new TurnableClock()).find(id)) !== undefined;

describe("the root key", () => {
  test("is made on first start, kept in a file only its owner reads, and stays", async () => {
    const settings = { accountId: ACCOUNT, dataFolder: database.folder };
    const key = await ensureRootAccount(metadata, settings, NOW);
    const path = rootKeyPath(database.folder, ACCOUNT);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toBe(
      `[default]\naws_access_key_id = ${key.accessKeyId}\naws_secret_access_key = ${key.secretAccessKey}\n`,
    );
    expect(await ensureRootAccount(metadata, settings, NOW)).toEqual(key);
    expect(await works(key.accessKeyId)).toBe(true);
  });

  test("a file that holds no key stops the start instead of being overwritten", async () => {
    const path = rootKeyPath(database.folder, ACCOUNT);
    await writeFile(path, "[default]\naws_access_key_id = AKIAEXAMPLE\n");
    await chmod(path, 0o600);
    expect(
      ensureRootAccount(metadata, { accountId: ACCOUNT, dataFolder: database.folder }, NOW),
    ).rejects.toThrow("does not hold an access key");
    expect(await readFile(path, "utf8")).toContain("AKIAEXAMPLE");
  });

  test("without a data folder is one for all servers, kept in the database", async () => {
    const another = await database.open();
    const [here, there] = await Promise.all([
      ensureRootAccount(metadata, { accountId: ACCOUNT }, NOW),
      ensureRootAccount(another, { accountId: ACCOUNT }, NOW),
    ]);
    expect(here).toEqual(there);
  });

  test("when configured replaces the generated and the formerly configured one", async () => {
    const generated = await ensureRootAccount(
      metadata,
      { accountId: ACCOUNT, dataFolder: database.folder },
      NOW,
    );
    await ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: CONFIGURED }, NOW);
    expect(await works(generated.accessKeyId)).toBe(false);
    const rotated = { accessKeyId: "shosoin-root-2", secretAccessKey: "battery-staple" };
    await ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: rotated }, NOW);
    expect(await works(CONFIGURED.accessKeyId)).toBe(false);
    expect(await works(rotated.accessKeyId)).toBe(true);
  });

  test("leaves the keys of 'account create' alone when their account becomes the default one", async () => {
    const key = await metadata.write((tx) => createAccount(tx, OTHER, NOW));
    await ensureRootAccount(metadata, { accountId: OTHER, rootKey: CONFIGURED }, NOW);
    expect(await works(key.accessKeyId)).toBe(true);
    expect(await works(CONFIGURED.accessKeyId)).toBe(true);
  });

  test("leaves the keys of other accounts alone and cannot take one of them", async () => {
    const key = await metadata.write((tx) => createAccount(tx, OTHER, NOW));
    await ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: CONFIGURED }, NOW);
    expect(await works(key.accessKeyId)).toBe(true);
    const stolen = { ...CONFIGURED, accessKeyId: key.accessKeyId };
    await expect(ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: stolen }, NOW)).rejects.toThrow(
      `${key.accessKeyId} belongs to the account 999999999999`,
    );
  });

  for (const [name, key] of Object.entries({
    "an id with a slash": { ...CONFIGURED, accessKeyId: "a/b/c" },
    "an empty id": { ...CONFIGURED, accessKeyId: "" },
    "a short secret": { ...CONFIGURED, secretAccessKey: "secret" },
    "a secret with a line break": { ...CONFIGURED, secretAccessKey: "correct\nhorse" },
  })) {
    test(`${name} is refused with a reason`, async () => {
      await expect(ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: key }, NOW)).rejects.toThrow(
        "SHOSOIN_ROOT_ACCESS_KEY_ID must be",
      );
    });
  }
});
