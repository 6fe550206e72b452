/** Keys on both databases, and what tests of them do again and again. */
import { afterEach, beforeEach } from "bun:test";
import type { CreateKeyCommandInput } from "@aws-sdk/client-kms";
import { migrations as identity } from "../../src/identity/migrations.ts";
import { migrations } from "../../src/services/kms/index.ts";
import { callOf, type TestKms, testKms } from "../../src/services/kms/testing/test-kms.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { describeOnEachDatabase } from "./databases.ts";

export const OWN = "123456789012";
export const OTHER = "210987654321";
export const DAY = 86_400_000;
export const PLAINTEXT = Buffer.from("the password");

/** Of one test: its members are new for each. */
export interface Keys {
  now: Date;
  readonly metadata: Metadata;
  readonly kms: TestKms;
  /** Another server on the same database. */
  readonly neighbour: TestKms;
  call(account?: string): ReturnType<typeof callOf>;
  createKey(input?: Partial<CreateKeyCommandInput>): Promise<{ id: string; arn: string }>;
  /** PLAINTEXT, encrypted. */
  seal(keyId: string, by?: TestKms, account?: string): Promise<Uint8Array>;
  open(blob: Uint8Array, by?: TestKms, account?: string): Promise<string>;
}

export function describeKeysOnEachDatabase(title: string, define: (on: Keys) => void): void {
  describeOnEachDatabase(title, (databases) => {
    let metadata: Metadata;
    let kms: TestKms;
    let neighbour: TestKms;
    const on: Keys = {
      now: new Date(0),
      get metadata() {
        return metadata;
      },
      get kms() {
        return kms;
      },
      get neighbour() {
        return neighbour;
      },
      call: (account = OWN) => callOf(account, on.now),
      async createKey(input = {}) {
        const { KeyMetadata } = await kms.api.CreateKey(on.call(), input);
        return { id: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "" };
      },
      async seal(keyId, by = kms, account = OWN) {
        const { CiphertextBlob } = await by.api.Encrypt(on.call(account), {
          KeyId: keyId,
          Plaintext: PLAINTEXT,
        });
        return CiphertextBlob ?? new Uint8Array(0);
      },
      async open(blob, by = kms, account = OWN) {
        const { Plaintext } = await by.api.Decrypt(on.call(account), { CiphertextBlob: blob });
        return Buffer.from(Plaintext ?? []).toString();
      },
    };
    beforeEach(async () => {
      on.now = new Date("2026-03-01T00:00:00Z");
      const url = await databases.fresh();
      metadata = await openMetadata(url.replace("sqlite://", ""), { ...identity, ...migrations });
      const clock = { now: () => on.now, dayMilliseconds: DAY };
      kms = testKms(metadata, clock);
      neighbour = testKms(metadata, clock);
    });
    afterEach(() => metadata.close());
    define(on);
  });
}

/** The name of the error; "nothing" when it was not refused. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error)
      return error.constructor.name === "AccessDenied" ? "AccessDenied" : error.name;
  }
  return "nothing";
}

export function policy(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** A statement that lets the key's own account do everything. */
export const owner = { Effect: "Allow", Principal: { AWS: OWN }, Action: "kms:*", Resource: "*" };
