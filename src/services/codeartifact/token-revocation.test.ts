import { expect, test } from "bun:test";
import type { Region } from "../../aws/names.ts";
import { createAccount } from "../../identity/accounts.ts";
import { createIdentity } from "../../identity/identity.ts";
import { rootPrincipal } from "../../identity/principal.ts";
import { createSecrets } from "../../identity/secrets.ts";
import { ACCOUNT, OTHER_ACCOUNT, testDomain } from "./testing/test-domain.ts";
import { createPackageTokenVerifier, removeExpiredRevocationsHandler } from "./token-revocation.ts";

const REGION = "us-east-1" as Region;
const HOUR = 3_600_000;

async function tokens() {
  const domain = await testDomain();
  const { metadata } = domain;
  const clock = domain.context.clock;
  const server = () =>
    createPackageTokenVerifier({
      metadata,
      identity: createIdentity(metadata, createSecrets(metadata), clock),
    });
  const { accessKeyId } = await metadata.write((tx) => createAccount(tx, OTHER_ACCOUNT, domain.now));
  const identity = createIdentity(metadata, createSecrets(metadata), clock);
  const principal = rootPrincipal(OTHER_ACCOUNT, accessKeyId);
  const place = { account: ACCOUNT, region: REGION, domain: "things" };
  const { token } = await identity.issuePackageToken(principal, place, 3_600, domain.now);
  return { domain, metadata, server, accessKeyId, token, principal, place };
}

test("a token says on every server for whom and for which domain it is, until it expires", async () => {
  const { domain, server, token, principal, place } = await tokens();
  await using _ = domain;
  const expiresAt = new Date(domain.now.getTime() + HOUR);
  const holder = { ...place, principal, expiresAt };
  expect(await server().verifyPackageToken(token, domain.now)).toEqual({ ok: true, holder });
  const last = new Date(expiresAt.getTime() - 1);
  expect(await server().verifyPackageToken(token, last)).toMatchObject({ ok: true });
  expect(await server().verifyPackageToken(token, expiresAt)).toEqual({ ok: false, reason: "expired" });
});

test("what was not made here is refused, and it is said which", async () => {
  const { domain, server, token } = await tokens();
  await using _ = domain;
  const [payload = "", signature = ""] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  const changed = (change: object) =>
    `${Buffer.from(JSON.stringify({ ...claims, ...change })).toString("base64url")}.${signature}`;
  const refusals = [
    ["", "malformed"],
    ["not a token", "malformed"],
    [`${payload}.`, "malformed"],
    [`${Buffer.from("[]").toString("base64url")}.${signature}`, "malformed"],
    [changed({ d: "another-domain" }), "unknown"],
    [changed({ e: claims.e + 1 }), "unknown"],
    [changed({ a: ACCOUNT }), "unknown"],
    [changed({ e: 1 }), "unknown"],
    [changed({ k: "AKIANOBODY" }), "unknown"],
  ] as const;
  for (const [given, reason] of refusals)
    expect(await server().verifyPackageToken(given, domain.now)).toEqual({ ok: false, reason });
});

test("a token dies with the secret of the key that it was made with", async () => {
  const { domain, metadata, server, token, accessKeyId } = await tokens();
  await using _ = domain;
  const verifier = server();
  expect(await verifier.verifyPackageToken(token, domain.now)).toMatchObject({ ok: true });
  await metadata.write((tx) =>
    tx
      .updateTable("identity_access_keys")
      .set({ secret_access_key: "another-secret" })
      .where("access_key_id", "=", accessKeyId)
      .execute(),
  );
  domain.now = new Date(domain.now.getTime() + 3_000);
  for (const each of [verifier, server()])
    expect(await each.verifyPackageToken(token, domain.now)).toEqual({ ok: false, reason: "unknown" });
});

test("a revoked token is refused by every server, and its row goes when it would have expired", async () => {
  const { domain, metadata, server, token } = await tokens();
  await using _ = domain;
  const elsewhere = server();
  expect(await elsewhere.verifyPackageToken(token, domain.now)).toMatchObject({ ok: true });
  await server().revokePackageToken(token, domain.now);
  await server().revokePackageToken(token, domain.now);
  await server().revokePackageToken("none of ours", domain.now);
  expect(await elsewhere.verifyPackageToken(token, domain.now)).toEqual({ ok: false, reason: "revoked" });

  const rows = () => metadata.reader.selectFrom("codeartifact_revoked_tokens").selectAll().execute();
  const handler = removeExpiredRevocationsHandler(domain.context);
  const { signal } = new AbortController();
  const run = () => handler.run({ id: "1", kind: handler.kind, payload: null, attempt: 1, signal });
  await run();
  expect(await rows()).toHaveLength(1);
  domain.now = new Date(domain.now.getTime() + HOUR);
  await run();
  expect(await rows()).toHaveLength(0);
});
