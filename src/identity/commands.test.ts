import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { AccessKeys } from "./access-keys.ts";
import { readAccountCommand } from "./account-command.ts";
import { formatEnvironment, readRootKey } from "./environment-command.ts";
import { ensureRootAccount } from "./root-account.ts";
import {
  account,
  type FreshDatabase,
  freshDatabase,
  NOW,
  region,
  TurnableClock,
} from "./testing/fresh-identity.ts";

const ACCOUNT = account("123456789012");

let database: FreshDatabase;
let metadata: Metadata;

beforeEach(async () => {
  database = await freshDatabase();
  metadata = await database.open();
});

afterEach(() => database.remove());

describe("shosoin env", () => {
  test("a shell gets every value as it is, and no session token of another login", () => {
    const key = { accessKeyId: "AKID", secretAccessKey: `a'b"c$HOME\`id\` \\d` };
    const script = formatEnvironment(key, region("eu-west-1"), "http://127.0.0.1:7560");
    const printed = execFileSync(
      "sh",
      [
        "-c",
        `${script}\nprintf '%s|' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_REGION" "$AWS_DEFAULT_REGION" "$AWS_ENDPOINT_URL" "$AWS_SESSION_TOKEN"`,
      ],
      { env: { PATH: process.env["PATH"] ?? "", AWS_SESSION_TOKEN: "left-over" }, encoding: "utf8" },
    );
    expect(printed).toBe(`AKID|${key.secretAccessKey}|eu-west-1|eu-west-1|http://127.0.0.1:7560||`);
  });

  test("finds the key that the server uses: configured, in the data folder, in the database", async () => {
    const inFolder = { accountId: ACCOUNT, dataFolder: database.folder };
    expect(await readRootKey(inFolder)).toBeUndefined();
    expect(await readRootKey({ accountId: ACCOUNT }, metadata)).toBeUndefined();
    const shared = await ensureRootAccount(metadata, { accountId: ACCOUNT }, NOW);
    expect(await readRootKey({ accountId: ACCOUNT }, metadata)).toEqual(shared);
    const kept = await ensureRootAccount(metadata, inFolder, NOW);
    expect(await readRootKey(inFolder)).toEqual(kept);
    const configured = { accessKeyId: "shosoin-root", secretAccessKey: "correct-horse" };
    expect(await readRootKey({ ...inFolder, rootKey: configured })).toEqual(configured);
  });
});

describe("shosoin account", () => {
  test("create prints a key that the running server takes at once", async () => {
    const server = new AccessKeys((await database.open()).reader, new TurnableClock());
    const printed = await readAccountCommand(["create", "999999999999"])(metadata, NOW);
    const id = /^Access key id +(\S+)$/m.exec(printed)?.[1] ?? "";
    const secret = /^Secret access key +(\S+)$/m.exec(printed)?.[1];
    expect(await server.find(id)).toEqual({
      accessKeyId: id,
      secretAccessKey: secret ?? "",
      account: account("999999999999"),
    });
  });

  test("list prints the accounts and no secrets", async () => {
    await readAccountCommand(["create", "999999999999"])(metadata, NOW);
    await readAccountCommand(["create", "111111111111"])(metadata, NOW);
    expect(await readAccountCommand(["list"])(metadata, NOW)).toBe(
      "111111111111  2026-01-02T03:04:05.000Z\n999999999999  2026-01-02T03:04:05.000Z\n",
    );
  });

  for (const words of [
    [],
    ["create"],
    ["create", "12345"],
    ["create", "1234567890123"],
    ["delete", "999999999999"],
    ["list", "all"],
    ["create", "999999999999", "x"],
  ]) {
    test(`'account ${words.join(" ")}' says how it is used`, async () => {
      expect(() => readAccountCommand(words)).toThrow("usage: shosoin account");
    });
  }
});
