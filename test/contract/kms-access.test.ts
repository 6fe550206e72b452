/** Who may use a key on both databases: its policy and its grants decide. */
import { describe, expect, test } from "bun:test";
import {
  describeKeysOnEachDatabase,
  OTHER,
  OWN,
  owner,
  PLAINTEXT,
  policy,
  refusalOf,
} from "./keys-on-each-database.ts";

describeKeysOnEachDatabase("access to keys", (on) => {
  describe("the key policy decides", () => {
    test("also for the account that owns the key", async () => {
      const { id } = await on.createKey({
        Policy: policy({ ...owner, Action: ["kms:PutKeyPolicy", "kms:DescribeKey", "kms:Encrypt"] }),
      });
      const blob = await on.seal(id);
      expect(await refusalOf(on.open(blob))).toBe("AccessDenied");
      expect(await refusalOf(on.kms.api.DisableKey(on.call(), { KeyId: id }))).toBe("AccessDenied");
    });

    test("lets another account in by its name alone, and never to what is the owner's", async () => {
      const { arn } = await on.createKey({
        Policy: policy(owner, { ...owner, Principal: { AWS: OTHER } }),
      });
      expect(await on.open(await on.seal(arn, on.kms, OTHER), on.kms, OTHER)).toBe("the password");
      expect(await refusalOf(on.kms.api.DisableKey(on.call(OTHER), { KeyId: arn }))).toBe(
        "AccessDeniedException",
      );
      const { arn: closed } = await on.createKey();
      expect(await refusalOf(on.seal(closed, on.kms, OTHER))).toBe("AccessDenied");
    });

    test("by the encryption context", async () => {
      const { id } = await on.createKey({
        Policy: policy(owner, {
          ...{ Effect: "Deny", Principal: "*", Action: "kms:Encrypt", Resource: "*" },
          Condition: { StringNotEquals: { "kms:EncryptionContext:team": "build" } },
        }),
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        on.kms.api.Encrypt(on.call(), { KeyId: id, Plaintext: PLAINTEXT, EncryptionContext });
      await encrypt({ team: "build" });
      expect(await refusalOf(encrypt({ team: "web" }))).toBe("AccessDenied");
      expect(await refusalOf(encrypt({}))).toBe("AccessDenied");
    });

    test("by the encryption context, whatever is added to it in another case", async () => {
      const { id } = await on.createKey({
        Policy: policy(owner, {
          ...{ Effect: "Deny", Principal: "*", Action: "kms:Encrypt", Resource: "*" },
          Condition: { StringEquals: { "kms:EncryptionContext:Team": "web" } },
        }),
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        on.kms.api.Encrypt(on.call(), { KeyId: id, Plaintext: PLAINTEXT, EncryptionContext });
      expect(await refusalOf(encrypt({ team: "web" }))).toBe("AccessDenied");
      for (const context of [
        { team: "web", TEAM: "build" },
        { TEAM: "build", team: "web" },
      ])
        expect(await refusalOf(encrypt(context))).toBe("AccessDenied");
      // What no condition asks for may be as it likes.
      await encrypt({ stage: "a", STAGE: "b" });
    });

    test("by the alias that names the key, in every operation that takes one", async () => {
      const alias = "alias/team";
      const denied = (Action: string[]) => ({
        ...{ Effect: "Deny", Principal: "*", Action, Resource: "*" },
        Condition: { StringNotEquals: { "kms:RequestAlias": alias } },
      });
      const actions = ["kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey", "kms:DescribeKey"];
      const { id } = await on.createKey({ Policy: policy(owner, denied(actions)) });
      await on.kms.api.CreateAlias(on.call(), { AliasName: alias, TargetKeyId: id });
      const CiphertextBlob = await on.seal(id);
      const { id: signing } = await on.createKey({
        ...{ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" },
        Policy: policy(owner, denied(["kms:GetPublicKey"])),
      });
      const uses = (KeyId: string) => [
        () => on.kms.api.Decrypt(on.call(), { KeyId, CiphertextBlob }),
        () =>
          on.kms.api.ReEncrypt(on.call(), { SourceKeyId: KeyId, CiphertextBlob, DestinationKeyId: KeyId }),
        () => on.kms.api.GenerateDataKey(on.call(), { KeyId, KeySpec: "AES_256" }),
        () => on.kms.api.DescribeKey(on.call(), { KeyId }),
      ];
      for (const use of uses(`arn:aws:kms:us-east-1:${OWN}:${alias}`)) await use();
      for (const use of uses(alias)) await use();
      for (const use of uses(id)) expect(await refusalOf(use())).toBe("AccessDenied");
      expect(await refusalOf(on.kms.api.GetPublicKey(on.call(), { KeyId: signing }))).toBe("AccessDenied");
      await on.kms.api.UpdateAlias(on.call(), { AliasName: alias, TargetKeyId: id });
    });

    test("by whether a ciphertext comes under the key that it has", async () => {
      const deny = {
        ...{ Effect: "Deny", Principal: "*", Action: "kms:ReEncrypt*", Resource: "*" },
        Condition: { Bool: { "kms:ReEncryptOnSameKey": "false" } },
      };
      const { id } = await on.createKey({ Policy: policy(owner, deny) });
      const { id: other } = await on.createKey();
      const CiphertextBlob = await on.seal(id);
      await on.kms.api.ReEncrypt(on.call(), { CiphertextBlob, DestinationKeyId: id });
      const away = on.kms.api.ReEncrypt(on.call(), { CiphertextBlob, DestinationKeyId: other });
      expect(await refusalOf(away)).toBe("AccessDenied");
      const here = on.kms.api.ReEncrypt(on.call(), {
        CiphertextBlob: await on.seal(other),
        DestinationKeyId: id,
      });
      expect(await refusalOf(here)).toBe("AccessDenied");
    });

    test("of AWS's managed keys: through their own service only", async () => {
      const arn = await on.kms.keys.awsManagedKey(on.call(), "s3");
      expect(await on.kms.keys.resolve(on.call(), "alias/aws/s3")).toBe(arn);
      expect(await refusalOf(on.seal(arn))).toBe("AccessDenied");
      const use = (viaService: string) =>
        on.kms.keys.checkUse(on.call(), arn, { actions: ["kms:GenerateDataKey", "kms:Decrypt"], viaService });
      await use("s3");
      expect(await refusalOf(use("ecr"))).toBe("AccessDenied");
    });
  });

  describe("a grant", () => {
    test("lets its grantee in, for its operations and context, until it is revoked", async () => {
      const { arn, id } = await on.createKey();
      const { GrantId } = await on.kms.api.CreateGrant(on.call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["Encrypt"] },
        Constraints: { EncryptionContextSubset: { team: "build" } },
      });
      const encrypt = (EncryptionContext: Record<string, string>) =>
        on.neighbour.api.Encrypt(on.call(OTHER), { KeyId: arn, Plaintext: PLAINTEXT, EncryptionContext });
      await encrypt({ team: "build", more: "yes" });
      expect(await refusalOf(encrypt({}))).toBe("AccessDenied");
      const { CiphertextBlob } = await encrypt({ team: "build" });
      const EncryptionContext = { team: "build" };
      const decrypt = on.kms.api.Decrypt(on.call(OTHER), { CiphertextBlob, EncryptionContext });
      expect(await refusalOf(decrypt)).toBe("AccessDenied");
      await on.kms.api.RevokeGrant(on.call(), { KeyId: id, GrantId });
      expect(await refusalOf(encrypt({ team: "build" }))).toBe("AccessDenied");
    });

    test("may be used with its token, which needs no waiting for", async () => {
      const { arn, id } = await on.createKey();
      const { GrantToken = "" } = await on.kms.api.CreateGrant(on.call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["Encrypt"] },
      });
      const input = { KeyId: arn, Plaintext: PLAINTEXT, GrantTokens: [GrantToken] };
      await on.neighbour.api.Encrypt(on.call(OTHER), input);
    });

    test("does not win over a deny", async () => {
      const deny = { Effect: "Deny", Principal: { AWS: OTHER }, Action: "kms:Encrypt", Resource: "*" };
      const { arn, id } = await on.createKey({ Policy: policy(owner, deny) });
      await on.kms.api.CreateGrant(on.call(), {
        KeyId: id,
        GranteePrincipal: OTHER,
        Operations: ["Encrypt"],
      });
      expect(await refusalOf(on.seal(arn, on.kms, OTHER))).toBe("AccessDenied");
    });

    test("hands on nothing that it does not allow itself", async () => {
      const { arn, id } = await on.createKey();
      await on.kms.api.CreateGrant(on.call(), {
        ...{ KeyId: id, GranteePrincipal: OTHER, Operations: ["CreateGrant", "Encrypt"] },
      });
      const third = "333333333333";
      const handOn = (operation: "Encrypt" | "Decrypt") =>
        on.kms.api.CreateGrant(on.call(OTHER), {
          KeyId: arn,
          GranteePrincipal: third,
          Operations: [operation],
        });
      expect(await refusalOf(handOn("Decrypt"))).toBe("AccessDenied");
      await handOn("Encrypt");
      await on.seal(arn, on.kms, third);
    });

    test("of the same name and content is made once; it is retired by whom it names and nobody else", async () => {
      const { id, arn } = await on.createKey();
      const input = {
        ...{ KeyId: id, GranteePrincipal: OTHER, RetiringPrincipal: OTHER, Name: "once" },
        Operations: ["Encrypt" as const],
      };
      const [first, again] = [
        await on.kms.api.CreateGrant(on.call(), input),
        await on.kms.api.CreateGrant(on.call(), input),
      ];
      expect(again.GrantId).toBe(first.GrantId);
      expect(again.GrantToken).not.toBe(first.GrantToken);
      const retire = (account: string) =>
        on.kms.api.RetireGrant(on.call(account), { KeyId: arn, GrantId: first.GrantId });
      expect(await refusalOf(retire("333333333333"))).toBe("AccessDeniedException");
      await retire(OTHER);
      expect((await on.kms.api.ListGrants(on.call(), { KeyId: id })).Grants).toEqual([]);
      expect(await refusalOf(on.kms.api.RetireGrant(on.call(), { GrantToken: "nonsense" }))).toBe(
        "InvalidGrantTokenException",
      );
    });
  });
});
