/** The registry on a real database and real files, with a clock that tests turn and ears for events and jobs. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { ImageDetail } from "@aws-sdk/client-ecr";
import pino from "pino";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import type { AccountId, Region } from "../../../aws/names.ts";
import type { NewEvent } from "../../../events/events.ts";
import { authorize } from "../../../identity/authorize.ts";
import type { AccessRequest, Call, OpenCall } from "../../../identity/call.ts";
import { migrations as identityMigrations } from "../../../identity/migrations.ts";
import { createSecrets } from "../../../identity/secrets.ts";
import type { NewJob } from "../../../jobs/jobs.ts";
import { type Digest, digestOf } from "../../../storage/blobs/digest.ts";
import { createBlobs } from "../../../storage/blobs/engine.ts";
import { migrations as blobMigrations } from "../../../storage/blobs/migrations.ts";
import { openBlobStore } from "../../../storage/blobs/open-store.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { openMetadata } from "../../../storage/metadata/open.ts";
import { migrations as kmsMigrations } from "../../kms/index.ts";
import { type TestKms, testKms } from "../../kms/testing/test-kms.ts";
import { createEcr, type Ecr, migrations } from "../index.ts";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../media-types.ts";
import type { createOperations, EcrOperations } from "../operations.ts";

export const ACCOUNT = "123456789012" as AccountId;
export const OTHER_ACCOUNT = "210987654321" as AccountId;

/** An image as a client pushes it. */
export interface TestImage {
  readonly digest: Digest;
  readonly text: string;
  readonly mediaType: string;
}

export interface TestRegistry extends AsyncDisposable {
  readonly ecr: Ecr;
  readonly kms: TestKms;
  readonly api: Required<EcrOperations>;
  readonly metadata: Metadata;
  readonly events: NewEvent[];
  readonly jobs: NewJob[];
  /** What the permission check was asked, in order. */
  readonly asked: AccessRequest[];
  now: Date;
  call(account?: AccountId): Call;
  createRepository(name: string, settings?: object): Promise<void>;
  pushLayer(repository: string, text: string): Promise<Digest>;
  /** Pushes its layers and config too, then the manifest through the native door. */
  pushImage(repository: string, content: string, tag?: string, changes?: object): Promise<TestImage>;
  push(repository: string, image: TestImage, tag?: string): Promise<TestImage>;
  tagsOf(repository: string): Promise<readonly string[]>;
  describeOne(repository: string, imageId: object): Promise<ImageDetail | undefined>;
  /** Does what the queue would do; its failure is the test's. */
  runJob(kind: string, payload: unknown): Promise<void>;
}

export async function testRegistry(
  url?: string,
  missingLayers: "refuse" | "accept" = "refuse",
): Promise<TestRegistry> {
  const folder = temporaryFolder("ecr");
  const everything = { ...identityMigrations, ...blobMigrations, ...migrations, ...kmsMigrations };
  const metadata = await openMetadata(url ?? `${folder.path}/metadata.db`, everything);
  const events: NewEvent[] = [];
  const jobs: NewJob[] = [];
  const asked: AccessRequest[] = [];
  const clock = { now: () => registry.now, dayMilliseconds: 86_400_000 };
  const store = await openBlobStore(`${folder.path}/blobs`, { minimumFreeBytes: 0 });
  const kms = testKms(metadata, clock);
  const dependencies = {
    metadata,
    clock,
    blobs: createBlobs({
      ...{ metadata, store, clock, log: pino({ level: "silent" }) },
      ...{ keys: kms.blobKeys, defaultScope: "server" as const },
    }),
    kms: kms.keys,
    events: { record: async (_: unknown, event: NewEvent) => void events.push(event) },
    jobs: { enqueue: async (_: unknown, job: NewJob) => String(jobs.push(job)) },
    secrets: createSecrets(metadata),
    identity: {
      issueRegistryToken: async () => ({
        token: "token",
        expiresAt: new Date(registry.now.getTime() + 43_200_000),
      }),
    },
    domains: ["registry.example"],
    missingLayers,
    authorize(call: OpenCall, request: AccessRequest) {
      asked.push(request);
      authorize(call, request);
    },
  };
  const ecr = createEcr(dependencies);
  const registry: TestRegistry = {
    ecr,
    kms,
    api: ecr.service.operations as unknown as Required<ReturnType<typeof createOperations>>,
    metadata,
    events,
    jobs,
    asked,
    now: new Date("2026-03-01T00:00:00Z"),
    call: (account = ACCOUNT) => callOf(account, registry.now),
    async createRepository(name, settings = {}) {
      await registry.api.CreateRepository(registry.call(), { repositoryName: name, ...settings });
    },
    async pushLayer(repository, text) {
      const digest = digestOfText(text);
      await ecr.registry.putLayer(registry.call(), repository, digest, Readable.from([Buffer.from(text)]));
      return digest;
    },
    async pushImage(repository, content, tag, changes = {}) {
      await registry.pushLayer(repository, `config of ${content}`);
      await registry.pushLayer(repository, content);
      return registry.push(repository, testImage(content, changes), tag);
    },
    async push(repository, image, tag) {
      await ecr.registry.putManifest(registry.call(), repository, {
        reference: tag === undefined ? { digest: image.digest } : { tag },
        mediaType: image.mediaType,
        bytes: Buffer.from(image.text),
      });
      return image;
    },
    async tagsOf(repository) {
      return (await ecr.registry.listTags(registry.call(), repository, { limit: 1_000 })).items;
    },
    async describeOne(repositoryName, imageId) {
      const input = { repositoryName, imageIds: [imageId] };
      return (await registry.api.DescribeImages(registry.call(), input)).imageDetails?.[0];
    },
    async runJob(kind, payload) {
      const handler = ecr.jobHandlers.find((one) => one.kind === kind);
      if (handler === undefined) throw new Error(`no handler for jobs of kind ${kind}`);
      await handler.run({ id: "1", kind, payload, attempt: 1, signal: new AbortController().signal });
    },
    async [Symbol.asyncDispose]() {
      await metadata.close();
      folder.remove();
    },
  };
  return registry;
}

/** What an expected error is like: its name, and where it matters its words. */
export function named(name: string, message?: string): Error {
  return expect.objectContaining({ name, ...(message !== undefined && { message }) });
}

export function testImage(content: string, changes: object = {}): TestImage {
  return manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(`config of ${content}`, "application/vnd.oci.image.config.v1+json"),
    layers: [descriptorOf(content, "application/vnd.oci.image.layer.v1.tar+gzip")],
    ...changes,
  });
}

export function testDockerImage(content: string): TestImage {
  return testImage(content, {
    mediaType: DOCKER_MANIFEST,
    config: descriptorOf(`config of ${content}`, "application/vnd.docker.container.image.v1+json"),
    layers: [descriptorOf(content, "application/vnd.docker.image.rootfs.diff.tar.gzip")],
  });
}

export function testIndex(children: readonly TestImage[]): TestImage {
  const manifests = children.map(({ mediaType, digest, text }) => ({ mediaType, digest, size: text.length }));
  return manifestOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
}

export function digestOfText(text: string): Digest {
  return digestOf("sha256", createHash("sha256").update(text).digest("hex"));
}

export async function textOf(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}

function manifestOf(document: { mediaType: string; [member: string]: unknown }): TestImage {
  const text = JSON.stringify(document);
  return { text, digest: digestOfText(text), mediaType: document.mediaType };
}

function descriptorOf(content: string, mediaType: string) {
  return { mediaType, digest: digestOfText(content), size: Buffer.byteLength(content) };
}

function callOf(account: AccountId, now: Date): Call {
  return {
    principal: {
      kind: "root",
      account,
      arn: `arn:aws:iam::${account}:root`,
      userId: account,
      accessKeyId: "AKIATEST",
    },
    account,
    region: "us-east-1" as Region,
    requestId: "test",
    now,
    signal: new AbortController().signal,
    sourceIp: "127.0.0.1",
    secure: false,
    baseUrl: "http://localhost:7560",
  };
}
