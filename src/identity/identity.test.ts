import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseSignedRequest } from "../aws/sigv4/parse.ts";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import { ACCESS_KEY_ID, SECRET, SIGNED_AT, signWithSdk } from "../aws/sigv4/testing/sdk-signer.ts";
import type { Metadata } from "../storage/metadata/metadata.ts";
import { createAccount, listAccounts } from "./accounts.ts";
import { createIdentity, type Identity } from "./identity.ts";
import { rootPrincipal } from "./principal.ts";
import { ensureRootAccount } from "./root-account.ts";
import { createSecrets } from "./secrets.ts";
import {
  account,
  type FreshDatabase,
  freshDatabase,
  NOW,
  region,
  TurnableClock,
} from "./testing/fresh-identity.ts";

const ACCOUNT = account("123456789012");
const OTHER = account("999999999999");
const REGION = region("eu-west-1");
const ROOT = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET };

let database: FreshDatabase;
let metadata: Metadata;
let clock: TurnableClock;
let identity: Identity;

beforeEach(async () => {
  database = await freshDatabase();
  metadata = await database.open();
  clock = new TurnableClock();
  identity = createIdentity(metadata, createSecrets(metadata), clock);
  await ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: ROOT }, NOW);
});

afterEach(() => database.remove());

async function authenticate(plan: Parameters<typeof signWithSdk>[0] = {}) {
  const { request, bodySha256 } = await signWithSdk(plan);
  return identity.authenticate(parseSignedRequest(request, SIGNED_AT), request, async () => bodySha256);
}

async function situationOf(pending: Promise<unknown>): Promise<string> {
  return pending.then(
    () => "accepted",
    (error) => (error instanceof SignatureProblem ? error.situation : String(error)),
  );
}

describe("authenticate", () => {
  test("a signed request comes from the root of the key's account", async () => {
    expect(await authenticate()).toEqual({
      kind: "root",
      account: ACCOUNT,
      arn: "arn:aws:iam::123456789012:root",
      userId: "123456789012",
      accessKeyId: ACCESS_KEY_ID,
    });
  });
  test("a session token is not ours, whatever else is right", async () => {
    expect(await situationOf(authenticate({ sessionToken: "x" }))).toBe("invalid-session-token");
  });
  test("an unknown key is refused and works from the moment it is made", async () => {
    await ensureRootAccount(
      metadata,
      { accountId: ACCOUNT, rootKey: { ...ROOT, accessKeyId: "OTHER" } },
      NOW,
    );
    expect(await situationOf(authenticate())).toBe("unknown-key");
    await ensureRootAccount(metadata, { accountId: ACCOUNT, rootKey: ROOT }, NOW);
    expect(await situationOf(authenticate())).toBe("accepted");
  });
  test("a key that another server replaced stops working within seconds", async () => {
    expect(await situationOf(authenticate())).toBe("accepted");
    const another = await database.open();
    await ensureRootAccount(
      another,
      { accountId: ACCOUNT, rootKey: { ...ROOT, secretAccessKey: "replaced-secret" } },
      NOW,
    );
    clock.turn(2_000);
    expect(await situationOf(authenticate())).toBe("mismatch");
  });
});

describe("a registry token", () => {
  const principal = rootPrincipal(ACCOUNT, ACCESS_KEY_ID);

  test("names its principal, account and region for twelve hours", async () => {
    const { token, expiresAt } = await identity.issueRegistryToken(principal, REGION, NOW);
    expect(expiresAt.getTime() - NOW.getTime()).toBe(12 * 60 * 60 * 1000);
    const lastMoment = new Date(expiresAt.getTime() - 1);
    expect(await identity.verifyRegistryToken(token, lastMoment)).toEqual({
      principal,
      account: ACCOUNT,
      region: REGION,
      expiresAt,
    });
    expect(await identity.verifyRegistryToken(token, expiresAt)).toBeUndefined();
  });
  test("is a password that survives docker, URLs and the AWS CLI's split at the colon", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    expect(token).toMatch(/^[A-Za-z0-9_.-]+$/);
    expect(token.length).toBeLessThan(400);
  });
  test("is checked by every server of the installation", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    const another = await database.open();
    const elsewhere = createIdentity(another, createSecrets(another), clock);
    expect((await elsewhere.verifyRegistryToken(token, NOW))?.account).toBe(ACCOUNT);
  });
  test("dies with its access key's secret, even where it was seen before", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    expect(await identity.verifyRegistryToken(token, NOW)).toBeDefined();
    await ensureRootAccount(
      metadata,
      { accountId: ACCOUNT, rootKey: { ...ROOT, secretAccessKey: "replaced-secret" } },
      NOW,
    );
    clock.turn(2_000);
    expect(await identity.verifyRegistryToken(token, NOW)).toBeUndefined();
  });
  test("dies with its access key", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    await ensureRootAccount(
      metadata,
      { accountId: ACCOUNT, rootKey: { ...ROOT, accessKeyId: "OTHER" } },
      NOW,
    );
    expect(await identity.verifyRegistryToken(token, new Date(NOW.getTime() + 1))).toBeDefined();
    clock.turn(2_000);
    expect(await identity.verifyRegistryToken(token, NOW)).toBeUndefined();
  });
  test("does not follow its access key to another account", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    await ensureRootAccount(
      metadata,
      { accountId: ACCOUNT, rootKey: { ...ROOT, accessKeyId: "OTHER" } },
      NOW,
    );
    await ensureRootAccount(metadata, { accountId: OTHER, rootKey: ROOT }, NOW);
    clock.turn(2_000);
    expect(await identity.verifyRegistryToken(token, NOW)).toBeUndefined();
  });
  test("has one spelling", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const good = [];
    for (const letter of letters) {
      const spelled = token.slice(0, -1) + letter;
      if (await identity.verifyRegistryToken(spelled, NOW)) good.push(spelled);
    }
    expect(good).toEqual([token]);
  });
  test("is refused when any character of it is another, or it is something else", async () => {
    const { token } = await identity.issueRegistryToken(principal, REGION, NOW);
    for (let index = 0; index < token.length; index += 1) {
      const other = token[index] === "A" ? "B" : "A";
      const forged = token.slice(0, index) + other + token.slice(index + 1);
      expect(await identity.verifyRegistryToken(forged, NOW)).toBeUndefined();
    }
    const hostile = [
      "",
      ".",
      "a.b",
      `${token}=`,
      `${token}.${token}`,
      "x".repeat(1_000_000),
      "null",
      "e30.e30",
    ];
    for (const text of hostile) expect(await identity.verifyRegistryToken(text, NOW)).toBeUndefined();
  });
});

describe("accounts", () => {
  test("a new account has a key of its own and is listed", async () => {
    const key = await metadata.write((tx) => createAccount(tx, OTHER, NOW));
    expect(key.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(key.secretAccessKey).toMatch(/^[A-Za-z0-9]{40}$/);
    expect((await listAccounts(metadata.reader)).map(({ id }) => id)).toEqual([ACCOUNT, OTHER]);
    const { token } = await identity.issueRegistryToken(rootPrincipal(OTHER, key.accessKeyId), REGION, NOW);
    expect((await identity.verifyRegistryToken(token, NOW))?.principal.arn).toBe(
      "arn:aws:iam::999999999999:root",
    );
  });
  test("an account is made once", async () => {
    await metadata.write((tx) => createAccount(tx, OTHER, NOW));
    await expect(metadata.write((tx) => createAccount(tx, OTHER, NOW))).rejects.toThrow(
      "the account 999999999999 exists already",
    );
  });
});

describe("signing keys of the installation", () => {
  test("are the same on two servers that ask for the first time at once", async () => {
    const another = await database.open();
    const [here, there] = await Promise.all([
      createSecrets(metadata).key("page-token"),
      createSecrets(another).key("page-token"),
    ]);
    expect(here.length).toBe(32);
    expect(here.equals(there)).toBe(true);
    expect(here.equals(await createSecrets(another).key("ecr-token"))).toBe(false);
  });
});
