/** A bucket of one account, and what another account is told when it asks for something in it. */
import { afterAll, beforeAll } from "bun:test";
import * as sdk from "@aws-sdk/client-s3";
import { createAccount } from "../another-account.ts";
import type { RunningServer } from "../running-server.ts";
import { optionsFor, running, serveClient } from "./served-client.ts";

export const OTHER = "210987654321";
export const BUCKET = "shared";
export const HERE = { Bucket: BUCKET };
export const OBJECT = { ...HERE, Key: "team/a.txt" };

/** The bucket, and all that is in it. */
export const BOTH = [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`];
export const ALLOW = { Effect: "Allow", Principal: { AWS: OTHER } };
export const DENY = { Effect: "Deny", Principal: "*" };

export const get = () => new sdk.GetObjectCommand(OBJECT);
export const list = (more: object = {}) => new sdk.ListObjectsV2Command({ ...HERE, ...more });

export interface SharedBucket {
  readonly server: RunningServer;
  readonly owner: sdk.S3Client;
  readonly other: sdk.S3Client;
  /** The id of the object's only version. */
  readonly version: string;
  setPolicy(...statements: object[]): Promise<void>;
}

/** Versioned, with no public access blocked and one object in it, while the tests around it run. */
export function serveSharedBucket(): SharedBucket {
  const owned = serveClient((options) => new sdk.S3Client({ ...options, forcePathStyle: true }));
  let other: sdk.S3Client | undefined;
  let version = "";
  beforeAll(async () => {
    const { server, client: owner } = owned;
    const credentials = await createAccount(server, OTHER);
    other = new sdk.S3Client({ ...optionsFor(server), forcePathStyle: true, credentials });
    await owner.send(new sdk.CreateBucketCommand(HERE));
    await owner.send(new sdk.DeletePublicAccessBlockCommand(HERE));
    await owner.send(
      new sdk.PutBucketVersioningCommand({ ...HERE, VersioningConfiguration: { Status: "Enabled" } }),
    );
    const put = await owner.send(
      new sdk.PutObjectCommand({ ...OBJECT, Body: "x", Tagging: "team=a&secret=no" }),
    );
    version = put.VersionId ?? "";
  }, 60_000);
  afterAll(() => other?.destroy());
  return {
    get server() {
      return owned.server;
    },
    get owner() {
      return owned.client;
    },
    get other() {
      return running(other);
    },
    get version() {
      return version;
    },
    async setPolicy(...statements) {
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement: statements });
      await owned.client.send(new sdk.PutBucketPolicyCommand({ ...HERE, Policy }));
    },
  };
}

export type Command = Parameters<sdk.S3Client["send"]>[0];

/** `ok`, or the code of the error. */
export async function outcome(client: sdk.S3Client, command: object): Promise<string> {
  return client.send(command as Command).then(
    () => "ok",
    (error: unknown) => (error instanceof sdk.S3ServiceException ? error.name : String(error)),
  );
}

/** `ok`, or what the error says. */
export async function message(client: sdk.S3Client, command: object): Promise<string> {
  return client.send(command as Command).then(
    () => "ok",
    (error: unknown) => String(error instanceof Error ? error.message : error),
  );
}
