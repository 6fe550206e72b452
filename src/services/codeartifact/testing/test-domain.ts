/**
 * A domain as the reading half sees it: real rows, real files, real external connections to an upstream of this
 * process, and two formats as small as can be: `npm` has one file a version, `pypi` any number that grow.
 */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import pino from "pino";
import { temporaryFolder } from "../../../../test/temporary-folder.ts";
import type { AccountId, Region } from "../../../aws/names.ts";
import type { NewEvent } from "../../../events/events.ts";
import { authorize } from "../../../identity/authorize.ts";
import type { Call } from "../../../identity/call.ts";
import { migrations as identityMigrations } from "../../../identity/migrations.ts";
import { createSecrets } from "../../../identity/secrets.ts";
import { createBlobs } from "../../../storage/blobs/engine.ts";
import { migrations as blobMigrations } from "../../../storage/blobs/migrations.ts";
import { openBlobStore } from "../../../storage/blobs/open-store.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import { openMetadata } from "../../../storage/metadata/open.ts";
import { migrations as kmsMigrations } from "../../kms/index.ts";
import { testKms } from "../../kms/testing/test-kms.ts";
import { assetReferrer } from "../asset-references.ts";
import type { CodeArtifactContext } from "../context.ts";
import type { OpenAsset, OpenRepository, PackageView, VersionStatus } from "../engine.ts";
import type { FormatName, PackageName } from "../format.ts";
import { Formats } from "../formats.ts";
import { createGraphs } from "../graph.ts";
import { migrations } from "../migrations.ts";
import { createReadingQueries } from "../reading/queries.ts";
import { createReading, type Reading } from "../reading/reading.ts";
import { touchGraph, touchPackage } from "../revisions.ts";
import { createUpstreams } from "../upstreams/index.ts";
import { type TestUpstream, testFormat, testUpstream } from "./test-upstream.ts";

export const ACCOUNT = "123456789012" as AccountId;
export const OTHER_ACCOUNT = "210987654321" as AccountId;
const REGION = "us-east-1" as Region;

export interface Stored {
  readonly format?: FormatName;
  readonly status?: VersionStatus;
  readonly origin?: "INTERNAL" | "EXTERNAL";
  /** Of the package; as after publishing without it. */
  readonly upstream?: "ALLOW" | "BLOCK";
  readonly tags?: readonly string[];
}

export interface TestDomain extends AsyncDisposable {
  readonly context: CodeArtifactContext;
  readonly reading: Reading;
  /** Another server on the same database and files. */
  another(): Reading;
  readonly metadata: Metadata;
  readonly events: NewEvent[];
  readonly upstream: TestUpstream;
  now: Date;
  call(account?: AccountId): Call;
  /** `app: team public:npm` */
  repository(line: string, policy?: object): Promise<void>;
  /** `allowed` are the repositories of every restriction that allows specific ones. */
  group(pattern: string, modes: Record<string, string>, allowed?: readonly string[]): Promise<void>;
  open(name: string): Promise<OpenRepository>;
  store(
    repository: string,
    name: string,
    version: string,
    files: Record<string, string>,
    how?: Stored,
  ): Promise<void>;
  /** Beside the versions of a package that is stored there. */
  document(repository: string, name: string, document: string, content: string): Promise<void>;
  view(repository: string, name: string, format?: FormatName): Promise<PackageView | undefined>;
  /** What a client downloads; undefined for 404. */
  download(
    repository: string,
    name: string,
    version: string | undefined,
    file: string,
    format?: FormatName,
  ): Promise<string | undefined>;
  /** `app: thing 1.0 EXTERNAL Published 1.0.tgz`, all of the domain. */
  rows(): Promise<readonly string[]>;
}

export function packageName(name: string): PackageName {
  return { namespace: "", name };
}

export async function contentOf(asset: OpenAsset | undefined): Promise<string | undefined> {
  return asset && text(await asset.open());
}

export async function testDomain(url?: string): Promise<TestDomain> {
  const folder = temporaryFolder("codeartifact");
  const everything = { ...identityMigrations, ...blobMigrations, ...migrations, ...kmsMigrations };
  const metadata = await openMetadata(url ?? `${folder.path}/metadata.db`, everything);
  const clock = { now: () => domain.now, dayMilliseconds: 86_400_000 };
  const log = pino({ level: "silent" });
  const store = await openBlobStore(`${folder.path}/blobs`, { minimumFreeBytes: 0 });
  const blobs = createBlobs({ metadata, store, clock, log });
  const events: NewEvent[] = [];
  const upstream = await testUpstream();
  const { baseUrl } = upstream;
  const upstreams = createUpstreams({
    metadata,
    blobs,
    clock,
    log,
    settings: {
      connections: [
        { name: "public:npm", format: "npm", baseUrl },
        { name: "public:py", format: "pypi", baseUrl },
      ],
      freshSeconds: 60,
      negativeSeconds: 10,
      timeoutSeconds: 5,
      proxyEnvironment: {},
    },
  });
  const context: CodeArtifactContext = {
    metadata,
    blobs,
    clock,
    upstreams,
    authorize,
    kms: testKms(metadata, clock).keys,
    events: { record: async (_, event) => void events.push(event) },
    jobs: { enqueue: async () => "1" } as unknown as CodeArtifactContext["jobs"],
    secrets: createSecrets(metadata),
    identity: {} as CodeArtifactContext["identity"],
    domains: [],
    formats: new Formats([testFormat("npm", false), testFormat("pypi", true)]),
    graphs: createGraphs(metadata),
    queries: createReadingQueries(metadata.reader),
  };
  const reading = createReading(context);
  await metadata.write((tx) =>
    tx
      .insertInto("codeartifact_domains")
      .values({
        id: "domain-1",
        account: ACCOUNT,
        region: REGION,
        name: "things",
        created_at: 0,
        encryption_key: null,
        graph_revision: 1,
        policy: null,
        policy_revision: null,
        resource_tags: "{}",
      })
      .execute(),
  );

  const domain: TestDomain = {
    context,
    reading,
    another: () => createReading({ ...context, graphs: createGraphs(metadata) }),
    metadata,
    events,
    upstream,
    now: new Date("2026-03-01T00:00:00Z"),
    call: (account = ACCOUNT) => ({
      principal: {
        kind: "root",
        account,
        arn: `arn:aws:iam::${account}:root`,
        userId: account,
        accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      },
      account,
      region: REGION,
      requestId: "request",
      now: domain.now,
      signal: new AbortController().signal,
      sourceIp: "127.0.0.1",
      secure: false,
      baseUrl: "http://localhost",
    }),
    async repository(line, policy) {
      const [name = "", above = ""] = line.split(": ");
      const words = above.split(" ").filter((word) => word !== "");
      await metadata.write(async (tx) => {
        await tx
          .insertInto("codeartifact_repositories")
          .values({
            id: `id-of-${name}`,
            domain_id: "domain-1",
            name,
            administrator_account: ACCOUNT,
            description: null,
            created_at: 0,
            policy: policy ? JSON.stringify(policy) : null,
            policy_revision: null,
            resource_tags: "{}",
          })
          .execute();
        const upstreamNames = words.filter((word) => !word.includes(":"));
        for (const [position, upstream] of upstreamNames.entries())
          await tx
            .insertInto("codeartifact_upstreams")
            .values({ repository_id: `id-of-${name}`, position, upstream_id: `id-of-${upstream}` })
            .execute();
        for (const connection of words.filter((word) => word.includes(":")))
          await tx
            .insertInto("codeartifact_external_connections")
            .values({ repository_id: `id-of-${name}`, name: connection })
            .execute();
        await touchGraph(tx, "domain-1");
      });
    },
    async group(pattern, modes, allowed = []) {
      await metadata.write(async (tx) => {
        const id = randomUUID();
        await tx
          .insertInto("codeartifact_groups")
          .values({
            id,
            domain_id: "domain-1",
            pattern,
            created_at: 0,
            contact: null,
            description: null,
            resource_tags: "{}",
            restrictions: JSON.stringify(modes),
          })
          .execute();
        for (const restriction_type of Object.keys(modes))
          for (const repository_name of allowed)
            await tx
              .insertInto("codeartifact_group_repositories")
              .values({ group_id: id, restriction_type, repository_name })
              .execute();
        await touchGraph(tx, "domain-1");
      });
    },
    open: (repository) =>
      reading.openRepository(
        domain.call(),
        { domain: "things", owner: ACCOUNT, repository },
        "codeartifact:ReadFromRepository",
      ),
    async store(repository, name, version, files, how = {}) {
      const {
        format = "npm",
        status = "Published",
        origin = "INTERNAL",
        upstream = "BLOCK",
        tags = [],
      } = how;
      const versionId = randomUUID();
      await metadata.write(async (tx) => {
        const { id } = await tx
          .insertInto("codeartifact_packages")
          .values({
            id: randomUUID(),
            domain_id: "domain-1",
            repository_id: `id-of-${repository}`,
            format,
            namespace: "",
            name,
            publish: origin === "INTERNAL" ? "ALLOW" : "BLOCK",
            upstream: origin === "INTERNAL" ? upstream : "ALLOW",
            created_at: 0,
            event_sequence: 0,
          })
          .onConflict((conflict) =>
            conflict.columns(["repository_id", "format", "namespace", "name"]).doUpdateSet({ upstream }),
          )
          .returning("id")
          .executeTakeFirstOrThrow();
        await tx
          .insertInto("codeartifact_versions")
          .values({
            id: versionId,
            package_id: id,
            version,
            status,
            revision: "stored",
            published_at: domain.now.getTime(),
            origin_type: origin,
            origin_repository: origin === "INTERNAL" ? repository : null,
            origin_connection: origin === "EXTERNAL" ? "public:npm" : null,
            description: JSON.stringify({ metadata: { from: repository }, licenses: [], dependencies: [] }),
          })
          .execute();
        for (const tag of tags)
          await tx
            .insertInto("codeartifact_dist_tags")
            .values({ package_id: id, tag, version })
            .onConflict((conflict) => conflict.columns(["package_id", "tag"]).doUpdateSet({ version }))
            .execute();
        await touchPackage(tx, "domain-1", format, packageName(name));
      });
      for (const [file, content] of Object.entries(files))
        await blobs.take(
          Readable.from([Buffer.from(content)]),
          {},
          async ({ size, hashes }) => ({ size, hashes }),
          async (tx, blob, { size, hashes }) => {
            const row = { version_id: versionId, name: file, blob_id: blob.id, size, ...hashes };
            await tx
              .insertInto("codeartifact_assets")
              .values({ ...row, metadata: "{}", added_at: 0 })
              .execute();
            await blobs.reference(tx, blob.id, assetReferrer(versionId, file));
            await touchPackage(tx, "domain-1", format, packageName(name));
          },
        );
    },
    async document(repository, name, document, content) {
      await metadata.write(async (tx) => {
        const { id } = await tx
          .selectFrom("codeartifact_packages")
          .select("id")
          .where("repository_id", "=", `id-of-${repository}`)
          .where("name", "=", name)
          .executeTakeFirstOrThrow();
        await tx
          .insertInto("codeartifact_package_documents")
          .values({ package_id: id, name: document, content: Buffer.from(content) })
          .execute();
        await touchPackage(tx, "domain-1", "npm", packageName(name));
      });
    },
    view: async (repository, name, format = "npm") =>
      reading.view(await domain.open(repository), format, packageName(name)),
    async download(repository, name, version, file, format = "npm") {
      const opened = await domain.open(repository);
      return contentOf(
        await reading.openAsset(domain.call(), opened, format, packageName(name), version, file),
      );
    },
    async rows() {
      const rows = await metadata.reader
        .selectFrom("codeartifact_versions as version")
        .innerJoin("codeartifact_packages as package", "package.id", "version.package_id")
        .innerJoin("codeartifact_repositories as repository", "repository.id", "package.repository_id")
        .leftJoin("codeartifact_assets as asset", "asset.version_id", "version.id")
        .select(["repository.name as repository", "package.name as name", "version.version"])
        .select(["version.origin_type", "version.status", "asset.name as asset"])
        .orderBy("repository.name")
        .orderBy("package.name")
        .orderBy("version.version")
        .orderBy("asset.name")
        .execute();
      return rows.map(
        (row) =>
          `${row.repository}: ${row.name} ${row.version} ${row.origin_type} ${row.status} ${row.asset}`,
      );
    },
    async [Symbol.asyncDispose]() {
      upstream.close();
      await upstreams.close();
      await metadata.close();
      folder.remove();
    },
  };
  return domain;
}
