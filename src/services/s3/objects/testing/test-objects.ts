/** Buckets on a real database, real files and a real KMS, with a clock that tests turn and ears for events. */
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { GetObjectCommandOutput, PutObjectCommandInput } from "@aws-sdk/client-s3";
import pino from "pino";
import { temporaryFolder } from "../../../../../test/temporary-folder.ts";
import type { AccountId, Region } from "../../../../aws/names.ts";
import type { NewEvent } from "../../../../events/events.ts";
import { authorize } from "../../../../identity/authorize.ts";
import { migrations as identityMigrations } from "../../../../identity/migrations.ts";
import { createSecrets } from "../../../../identity/secrets.ts";
import { createBlobs } from "../../../../storage/blobs/engine.ts";
import { migrations as blobMigrations } from "../../../../storage/blobs/migrations.ts";
import { openBlobStore } from "../../../../storage/blobs/open-store.ts";
import type { Metadata } from "../../../../storage/metadata/metadata.ts";
import { openMetadata } from "../../../../storage/metadata/open.ts";
import { createKms, type Kms, migrations as kmsMigrations } from "../../../kms/index.ts";
import type { ChecksumAlgorithm, S3Call, S3Operations, UploadBody, XmlDocument } from "../../call.ts";
import type { S3Context } from "../../context.ts";
import { migrations } from "../../migrations.ts";
import { createOperations } from "../../operations.ts";

export const ACCOUNT = "123456789012" as AccountId;
export const OTHER_ACCOUNT = "210987654321" as AccountId;
export const BUCKET = "artifacts";

export interface CallOptions {
  readonly account?: AccountId | "anonymous";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: UploadBody;
  readonly sourceIp?: string;
}

/** The same for all: a test that opens its folder again reads on. */
const ROOT_KEY = randomBytes(32);

type Operations = Required<S3Operations>;
/** Without the documents that lists are written as: what operations on objects answer with. */
type Api = {
  readonly [Name in keyof Operations]: (
    ...parameters: Parameters<Operations[Name]>
  ) => Promise<Exclude<Awaited<ReturnType<Operations[Name]>>, XmlDocument>>;
};

export interface TestObjects extends AsyncDisposable {
  readonly s3: S3Context;
  readonly kms: Kms;
  readonly metadata: Metadata;
  readonly api: Api;
  readonly events: NewEvent[];
  now: Date;
  call(options?: CallOptions): S3Call;
  /** Puts into BUCKET unless the input names another. */
  put(
    key: string,
    content: string | Uint8Array,
    input?: Partial<PutObjectCommandInput>,
    options?: CallOptions & { readonly body?: UploadBody },
  ): ReturnType<Api["PutObject"]>;
  get(key: string, input?: object, options?: CallOptions): Promise<GetObjectCommandOutput & { text: string }>;
  /** What the collector does, once what nobody keeps has waited for long enough. */
  collect(): Promise<void>;
  /** How many blobs are kept alive by something, and how many wait to be collected. */
  blobs(): Promise<{ readonly kept: number; readonly unkept: number }>;
}

export interface TestObjectsOptions {
  /** What an earlier one of the same test left; it stays there. */
  readonly folder?: string;
  /** Between the buckets and their database. */
  readonly wrap?: (metadata: Metadata) => Metadata;
}

export async function testObjects(
  url?: string,
  { folder: left, wrap = (real) => real }: TestObjectsOptions = {},
): Promise<TestObjects> {
  const folder = left === undefined ? temporaryFolder("s3-objects") : { path: left, remove: () => undefined };
  const everything = { ...identityMigrations, ...blobMigrations, ...kmsMigrations, ...migrations };
  const metadata = wrap(await openMetadata(url ?? `${folder.path}/metadata.db`, everything));
  const log = pino({ level: "silent" });
  const clock = { now: () => test.now, dayMilliseconds: 86_400_000 };
  const events: NewEvent[] = [];
  const dependencies = {
    metadata,
    clock,
    log,
    authorize,
    secrets: createSecrets(metadata),
    events: { record: async (_: unknown, event: NewEvent) => void events.push(event) },
    jobs: { enqueue: async () => "1" },
  };
  const kms = createKms({ ...dependencies, rootKey: { bytes: ROOT_KEY } });
  const store = await openBlobStore(`${folder.path}/blobs`, { minimumFreeBytes: 0 });
  const blobs = createBlobs({ metadata, store, clock, log, keys: kms.blobKeys, defaultScope: "server" });
  const s3: S3Context = { ...dependencies, blobs, kms: kms.keys };
  const api = createOperations(s3) as Api;
  const test: TestObjects = {
    s3,
    kms,
    metadata,
    api,
    events,
    now: new Date("2026-11-01T10:30:00.250Z"),
    call: (options = {}) => callOf(test.now, options),
    put: (key, content, input = {}, options = {}) =>
      api.PutObject(test.call({ body: bodyOf(content), ...options }), { Bucket: BUCKET, Key: key, ...input }),
    async get(key, input = {}, options = {}) {
      const output = (await api.GetObject(test.call(options), {
        Bucket: BUCKET,
        Key: key,
        ...input,
      })) as GetObjectCommandOutput;
      const text = await textOf(output.Body as unknown as Readable);
      return { ...output, text };
    },
    async collect() {
      test.now = new Date(test.now.getTime() + 16 * 86_400_000);
      await blobs.collect(new AbortController().signal);
    },
    async blobs() {
      const all = await metadata.reader.selectFrom("blobs").select("id").execute();
      const kept = await metadata.reader.selectFrom("blob_references").select("blob_id").distinct().execute();
      return { kept: kept.length, unkept: all.length - kept.length };
    },
    async [Symbol.asyncDispose]() {
      await metadata.close();
      await store.close();
      folder.remove();
    },
  };
  await makeBucket(test, BUCKET);
  return test;
}

export async function makeBucket(test: TestObjects, name: string, account = ACCOUNT): Promise<void> {
  await test.api.CreateBucket(test.call({ account }), { Bucket: name });
}

/** A body as the door lends it. */
export function bodyOf(
  content: string | Uint8Array,
  said: { readonly md5?: string; readonly algorithm?: ChecksumAlgorithm; readonly checksum?: string } = {},
): UploadBody {
  const bytes = Buffer.from(content);
  return {
    stream: Readable.from(bytes.byteLength === 0 ? [] : [bytes]),
    length: bytes.byteLength,
    md5: said.md5,
    algorithm: said.algorithm,
    checksum: () => said.checksum,
  };
}

export function md5Of(content: string): string {
  return createHash("md5").update(content).digest("hex");
}

export async function textOf(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}

function callOf(
  now: Date,
  { account = ACCOUNT, headers = {}, body, sourceIp = "127.0.0.1" }: CallOptions,
): S3Call {
  const principal: S3Call["principal"] =
    account === "anonymous"
      ? {
          kind: "anonymous",
          account: "anonymous" as AccountId,
          arn: "anonymous",
          userId: "anonymous",
          accessKeyId: "",
        }
      : {
          kind: "root",
          account,
          arn: `arn:aws:iam::${account}:root`,
          userId: account,
          accessKeyId: "AKIATEST",
        };
  return {
    principal,
    account: principal.account,
    region: "us-east-1" as Region,
    requestId: "test",
    now,
    signal: new AbortController().signal,
    sourceIp,
    secure: false,
    baseUrl: "http://localhost:7560",
    body,
    header: (name) => headers[name],
  };
}
