/** Requests to KMS that are wrong in what they say: KMS's error, no failure of the server, and keys stay as they were. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createHmac, randomBytes } from "node:crypto";
import * as sdk from "@aws-sdk/client-kms";
import { SignatureV4 } from "@smithy/signature-v4";
import { RunningServer } from "../running-server.ts";

let server: RunningServer;
let client: sdk.KMSClient;
let key: string;
let arn: string;
let ciphertext: Uint8Array;
let listed: string;

beforeAll(async () => {
  server = await RunningServer.start({ args: ["--log-level", "error"] });
  client = new sdk.KMSClient({
    ...{ endpoint: server.url, region: "us-east-1", maxAttempts: 1, credentials: server.rootKey },
  });
  const { KeyMetadata } = await client.send(new sdk.CreateKeyCommand({ Description: "the victim" }));
  key = KeyMetadata?.KeyId ?? "";
  arn = KeyMetadata?.Arn ?? "";
  await client.send(new sdk.CreateAliasCommand({ AliasName: "alias/victim", TargetKeyId: key }));
  const sealed = await client.send(new sdk.EncryptCommand({ KeyId: key, Plaintext: Buffer.from("secret") }));
  ciphertext = sealed.CiphertextBlob ?? new Uint8Array(0);
  listed = await state();
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await server?.stop();
});
/** After each of them the key is what it was, opens what it sealed, and nothing was made or logged as a failure. */
afterEach(async () => {
  expect(await state()).toBe(listed);
  const { Plaintext } = await client.send(new sdk.DecryptCommand({ CiphertextBlob: ciphertext }));
  expect(Buffer.from(Plaintext ?? []).toString()).toBe("secret");
  expect(server.log).not.toMatch(/"level":(50|60)/);
});

async function state(): Promise<string> {
  const { Keys } = await client.send(new sdk.ListKeysCommand({}));
  const { Aliases } = await client.send(new sdk.ListAliasesCommand({}));
  const { KeyMetadata } = await client.send(new sdk.DescribeKeyCommand({ KeyId: key }));
  const { Policy } = await client.send(new sdk.GetKeyPolicyCommand({ KeyId: key }));
  const { Grants } = await client.send(new sdk.ListGrantsCommand({ KeyId: key }));
  return JSON.stringify({ Keys, Aliases, KeyMetadata, Policy, Grants });
}

/** Signed as it should be, with a body that no SDK would send. */
async function post(
  operation: string,
  body: string | Uint8Array,
): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  class Sha256 {
    readonly #hash: { update(data: string | Uint8Array): unknown; digest(): Buffer };
    constructor(secret?: string | Uint8Array) {
      this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
    }
    update(data: string | Uint8Array): void {
      this.#hash.update(data);
    }
    async digest(): Promise<Uint8Array> {
      return this.#hash.digest();
    }
  }
  const signer = new SignatureV4({
    ...{ service: "kms", region: "us-east-1", credentials: server.rootKey, sha256: Sha256 as never },
  });
  const { hostname, port } = new URL(server.url);
  const { headers } = await signer.sign({
    ...{ method: "POST", protocol: "http:", hostname, port: Number(port), path: "/", query: {}, body },
    headers: {
      host: `${hostname}:${port}`,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `TrentService.${operation}`,
    },
  });
  const answer = await fetch(server.url, { method: "POST", headers, body: body as never });
  const text = await answer.text();
  const type = String((JSON.parse(text) as { __type?: string }).__type ?? "none");
  return { status: answer.status, type: type.slice(type.lastIndexOf("#") + 1), text };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("documents that are no request", () => {
  const bodies: readonly [string, string | Uint8Array][] = [
    ["nothing", ""],
    ["no JSON", "{"],
    ["an array", "[]"],
    ["a string", '"KeyId"'],
    ["null", "null"],
    ["bytes that are no text", Buffer.of(0xff, 0xfe, 0x00)],
    ["a thousand brackets", `{"KeyId":${"[".repeat(1000)}${"]".repeat(1000)}}`],
    ["a number for a name", '{"KeyId":5}'],
    ["an object for a name", '{"KeyId":{}}'],
    ["a name that comes twice", '{"KeyId":"a","KeyId":"b"}'],
    ["the prototype's name", '{"__proto__":{"KeyId":"a"}}'],
  ];
  test.each(bodies)("%s", async (_, body) => {
    for (const operation of ["DescribeKey", "Encrypt", "CreateGrant", "PutKeyPolicy"]) {
      const answer = await post(operation, body);
      expect(answer.status).toBe(400);
      expect(answer.type).toMatch(/^(SerializationException|ValidationException|NotFoundException)$/);
    }
  });
});

describe("names of keys", () => {
  const names = [
    "",
    " ",
    "alias/",
    "alias/../victim",
    "alias/%2e%2e",
    `alias/${"a".repeat(300)}`,
    "a".repeat(2048),
    "arn:aws:kms:us-east-1:123456789012:key/",
    "arn:aws:kms:us-east-1:123456789012:secret/1",
    "arn:aws:s3:::bucket",
    "arn:aws-cn:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
    "arn:aws:kms::123456789012:key/12345678-1234-1234-1234-123456789012",
    "arn:aws:kms:us-east-1:12345678901:key/12345678-1234-1234-1234-123456789012",
    "' or '1'='1",
    "server",
    "\u0000",
    "12345678-1234-1234-1234-12345678901g",
  ];
  test.each(names)("%p", async (KeyId) => {
    for (const [operation, input] of Object.entries({
      DescribeKey: {},
      Encrypt: { Plaintext: "AAAA" },
      Sign: { Message: "AAAA", SigningAlgorithm: "ECDSA_SHA_256" },
      ScheduleKeyDeletion: {},
      DisableKey: {},
      GetKeyPolicy: {},
    })) {
      const answer = await post(operation, JSON.stringify({ KeyId, ...input }));
      expect([answer.status, answer.type]).toEqual([
        400,
        expect.stringMatching(/^(ValidationException|NotFoundException|SerializationException)$/),
      ]);
    }
  });
});

describe("ciphertexts", () => {
  const changes: readonly [string, (blob: Buffer) => Uint8Array][] = [
    ["one byte", () => Buffer.of(1)],
    ["random bytes", () => randomBytes(200)],
    ["the largest of random bytes", () => randomBytes(6144)],
    ["cut short", (blob) => blob.subarray(0, -1)],
    ["longer", (blob) => Buffer.concat([blob, Buffer.of(0)])],
    ["another form", (blob) => Buffer.concat([Buffer.of(2), blob.subarray(1)])],
    ["another version of the material", (blob) => replaced(blob, 20, 9)],
    ["the highest version of the material", (blob) => replaced(blob, 17, 0xff)],
    ["a changed tag", (blob) => replaced(blob, 60, (blob[60] ?? 0) ^ 1)],
  ];
  test.each(changes)("%s", async (_, change) => {
    const blob = base64(change(Buffer.from(ciphertext)));
    for (const answer of [
      await post("Decrypt", JSON.stringify({ CiphertextBlob: blob })),
      await post("Decrypt", JSON.stringify({ CiphertextBlob: blob, KeyId: key })),
      await post("ReEncrypt", JSON.stringify({ CiphertextBlob: blob, DestinationKeyId: key })),
    ])
      expect([answer.status, answer.type]).toEqual([400, "InvalidCiphertextException"]);
  });

  test("of a key that does not exist say nothing of which do", async () => {
    const answer = await post(
      "Decrypt",
      JSON.stringify({ CiphertextBlob: base64(replaced(ciphertext, 5, 0)) }),
    );
    expect(answer.type).toBe("AccessDeniedException");
  });

  test("that are no base64, absent or too large", async () => {
    for (const body of [
      { CiphertextBlob: "****" },
      {},
      { CiphertextBlob: "" },
      { CiphertextBlob: base64(Buffer.alloc(6145)) },
      { CiphertextBlob: null },
    ]) {
      const answer = await post("Decrypt", JSON.stringify(body));
      expect([answer.status, answer.type]).toEqual([
        400,
        expect.stringMatching(/^(ValidationException|SerializationException)$/),
      ]);
    }
  });
});

describe("values at and over their limits", () => {
  const cases: readonly [string, string, object, string][] = [
    [
      "a plaintext of 4,097 bytes",
      "Encrypt",
      { Plaintext: base64(Buffer.alloc(4097)) },
      "ValidationException",
    ],
    ["no plaintext", "Encrypt", {}, "ValidationException"],
    ["a data key of 1,025 bytes", "GenerateDataKey", { NumberOfBytes: 1025 }, "ValidationException"],
    ["a data key of no bytes", "GenerateDataKey", { NumberOfBytes: 0 }, "ValidationException"],
    ["a data key of half a byte", "GenerateDataKey", { NumberOfBytes: 0.5 }, "SerializationException"],
    [
      "a data key of two sizes",
      "GenerateDataKey",
      { NumberOfBytes: 1, KeySpec: "AES_256" },
      "ValidationException",
    ],
    ["an unknown data key", "GenerateDataKey", { KeySpec: "DES" }, "ValidationException"],
    ["random bytes without a number", "GenerateRandom", {}, "ValidationException"],
    ["a window of 31 days", "ScheduleKeyDeletion", { PendingWindowInDays: 31 }, "ValidationException"],
    ["a window of minus one day", "ScheduleKeyDeletion", { PendingWindowInDays: -1 }, "ValidationException"],
    ["a rotation of 89 days", "EnableKeyRotation", { RotationPeriodInDays: 89 }, "ValidationException"],
    [
      "a description of 8,193 characters",
      "UpdateKeyDescription",
      { Description: "a".repeat(8193) },
      "ValidationException",
    ],
    ["a tag of AWS's", "TagResource", { Tags: [{ TagKey: "aws:mine", TagValue: "" }] }, "TagException"],
    ["the same tag twice", "TagResource", { Tags: [tag("a"), tag("a")] }, "TagException"],
    [
      "fifty-one tags",
      "TagResource",
      { Tags: Array.from({ length: 51 }, (_, at) => tag(String(at))) },
      "TagException",
    ],
    ["a limit of 0", "ListKeys", { Limit: 0 }, "ValidationException"],
    ["a limit of 1,001", "ListKeys", { Limit: 1001 }, "ValidationException"],
    ["a marker that was made up", "ListKeys", { Marker: "AAAA" }, "InvalidMarkerException"],
    [
      "a policy of 33,000 bytes",
      "PutKeyPolicy",
      { Policy: `{"Id":"${"a".repeat(33_000)}"}` },
      "ValidationException|MalformedPolicyDocumentException",
    ],
    ["a policy that is no JSON", "PutKeyPolicy", { Policy: "{" }, "MalformedPolicyDocumentException"],
    [
      "a policy without a principal",
      "PutKeyPolicy",
      { Policy: policy({ Principal: undefined }) },
      "MalformedPolicyDocumentException",
    ],
    [
      "a policy without a resource",
      "PutKeyPolicy",
      { Policy: policy({ Resource: undefined }) },
      "MalformedPolicyDocumentException",
    ],
    [
      "a policy of nobody",
      "PutKeyPolicy",
      { Policy: policy({ Principal: { AWS: "nobody" } }) },
      "MalformedPolicyDocumentException",
    ],
    [
      "a policy under another name",
      "PutKeyPolicy",
      { Policy: policy({}), PolicyName: "mine" },
      "UnsupportedOperationException",
    ],
    [
      "a grant for nobody",
      "CreateGrant",
      { GranteePrincipal: "nobody", Operations: ["Encrypt"] },
      "InvalidArnException",
    ],
    ["a grant without a grantee", "CreateGrant", { Operations: ["Encrypt"] }, "ValidationException"],
    [
      "a grant of nothing",
      "CreateGrant",
      { GranteePrincipal: "210987654321", Operations: ["Everything"] },
      "ValidationException",
    ],
    [
      "a grant of what the key cannot do",
      "CreateGrant",
      { GranteePrincipal: "210987654321", Operations: ["Sign"] },
      "ValidationException",
    ],
    [
      "a grant's token that is none",
      "Encrypt",
      { Plaintext: "AAAA", GrantTokens: ["nonsense"] },
      "InvalidGrantTokenException",
    ],
    ["a grant that is not there", "RevokeGrant", { GrantId: "a".repeat(64) }, "NotFoundException"],
    [
      "an alias of 257 characters",
      "CreateAlias",
      { AliasName: `alias/${"a".repeat(251)}`, TargetKeyId: "" },
      "ValidationException",
    ],
    [
      "an alias for an alias",
      "CreateAlias",
      { AliasName: "alias/new", TargetKeyId: "alias/victim" },
      "ValidationException",
    ],
    ["AWS's alias deleted", "DeleteAlias", { AliasName: "alias/aws/s3" }, "NotAuthorizedException"],
    [
      "a key of SM2",
      "CreateKey",
      { KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" },
      "UnsupportedOperationException",
    ],
    ["a key of an unknown spec", "CreateKey", { KeySpec: "ROT_13" }, "ValidationException"],
    ["a symmetric key that signs", "CreateKey", { KeyUsage: "SIGN_VERIFY" }, "ValidationException"],
    [
      "a key of two specs",
      "CreateKey",
      { KeySpec: "RSA_2048", CustomerMasterKeySpec: "RSA_4096" },
      "ValidationException",
    ],
    [
      "a key with material from elsewhere",
      "CreateKey",
      { Origin: "EXTERNAL" },
      "UnsupportedOperationException",
    ],
    [
      "an HMAC of a symmetric key",
      "GenerateMac",
      { Message: "AAAA", MacAlgorithm: "HMAC_SHA_256" },
      "InvalidKeyUsageException",
    ],
    ["the public key of a symmetric key", "GetPublicKey", {}, "UnsupportedOperationException"],
    [
      "a data key pair of SM2",
      "GenerateDataKeyPair",
      { KeyPairSpec: "SM2" },
      "UnsupportedOperationException",
    ],
    [
      "a context of a number",
      "Encrypt",
      { Plaintext: "AAAA", EncryptionContext: { a: 1 } },
      "SerializationException",
    ],
  ];
  test.each(cases)("%s", async (_, operation, input, error) => {
    const named = /^(ListKeys|GenerateRandom|CreateKey)$/.test(operation) ? input : { KeyId: key, ...input };
    const answer = await post(operation, JSON.stringify(named));
    expect([answer.status, answer.type]).toEqual([400, expect.stringMatching(new RegExp(`^(${error})$`))]);
    expect(arn).toContain(key);
  });
});

test("messages and signatures of every wrong length are refused", async () => {
  const { KeyMetadata } = await client.send(
    new sdk.CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" }),
  );
  const KeyId = KeyMetadata?.KeyId ?? "";
  listed = await state();
  const SigningAlgorithm = "RSASSA_PSS_SHA_256";
  for (const length of [1, 31, 33, 64, 4096]) {
    const Message = base64(Buffer.alloc(length));
    const answer = await post(
      "Sign",
      JSON.stringify({ KeyId, Message, MessageType: "DIGEST", SigningAlgorithm }),
    );
    expect(answer.type).toBe("ValidationException");
  }
  const Message = base64(Buffer.alloc(32));
  for (const length of [1, 255, 256, 257, 6144]) {
    const Signature = base64(Buffer.alloc(length, 0xff));
    const answer = await post("Verify", JSON.stringify({ KeyId, Message, Signature, SigningAlgorithm }));
    expect(answer.type).toBe("KMSInvalidSignatureException");
  }
});

function replaced(blob: Uint8Array, position: number, byte: number): Buffer {
  const changed = Buffer.from(blob);
  changed[position] = byte;
  return changed;
}

function tag(TagKey: string) {
  return { TagKey, TagValue: "value" };
}

function policy(change: object): string {
  const allow = { Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "kms:*", Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ ...allow, ...change }] });
}
