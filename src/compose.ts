import { join } from "node:path";
import type { Logger } from "pino";
import { type Clock, systemClock } from "./clock.ts";
import { recordDamage } from "./events/damage-events.ts";
import { createEvents, eventsJobHandlers, eventsRecurringJobs } from "./events/outbox.ts";
import { genericFormat } from "./formats/generic/index.ts";
import { maven, mavenDoor } from "./formats/maven/index.ts";
import { npmDoor, npmFormat } from "./formats/npm/index.ts";
import { nuget, nugetDoor } from "./formats/nuget/index.ts";
import { registryDoor } from "./formats/oci/index.ts";
import { packageDoors } from "./formats/packages/index.ts";
import { pypiDoor, pypiFormat } from "./formats/pypi/index.ts";
import { s3Door } from "./formats/s3/index.ts";
import { authorize } from "./identity/authorize.ts";
import { createIdentity } from "./identity/identity.ts";
import { ensureRootAccount } from "./identity/root-account.ts";
import { createSecrets } from "./identity/secrets.ts";
import { createJobs } from "./jobs/queue.ts";
import { startWorker } from "./jobs/worker.ts";
import { migrations } from "./migrations.ts";
import { awsDoor } from "./server/aws-door.ts";
import { lockDataFolder } from "./server/data-folder.ts";
import { healthDoor, metricsDoor, readinessDoor, unknownOwnPathDoor } from "./server/health.ts";
import { createMetrics } from "./server/metrics.ts";
import { openCertificates } from "./server/open-certificates.ts";
import { addGauges } from "./server/room-gauges.ts";
import { type Server, startServer } from "./server/server.ts";
import { createCodeArtifact } from "./services/codeartifact/index.ts";
import { createUpstreams } from "./services/codeartifact/upstreams/index.ts";
import { createEcr } from "./services/ecr/index.ts";
import { createKms, openRootKey } from "./services/kms/index.ts";
import { createS3 } from "./services/s3/index.ts";
import { sts } from "./services/sts/index.ts";
import { type Config, databaseUrl, rootAccountSettings } from "./settings/config.ts";
import type { BlobStore } from "./storage/blobs/blob-store.ts";
import { createBlobs } from "./storage/blobs/engine.ts";
import { StorageFull } from "./storage/blobs/errors.ts";
import { openBlobStore } from "./storage/blobs/open-store.ts";
import { measureClockSkew } from "./storage/metadata/clock-skew.ts";
import type { Metadata } from "./storage/metadata/metadata.ts";
import { openMetadata } from "./storage/metadata/open.ts";

/** The whole server, put together: what stands on what, in the order in which it opens. Nothing is global. */
export interface Shosoin {
  readonly url: string;
  /** What clients trust with `--tls auto`. */
  readonly caFile: string | undefined;
  /** Lets running requests end, then closes everything in reverse order. */
  stop(): Promise<void>;
}

const FLUSH_PULL_TIMES_MILLISECONDS = 60_000;

export async function startShosoin(config: Config, log: Logger): Promise<Shosoin> {
  // Closes what was opened, the last first; also when a later part does not open.
  await using opened = new AsyncDisposableStack();
  const clock = systemClock(config.daySeconds);
  if (config.daySeconds !== 86_400) {
    log.warn(
      { daySeconds: config.daySeconds },
      "SHOSOIN_DAY_SECONDS is set: age rules run on short days. Rehearsals only.",
    );
  }

  const folder = await lockDataFolder(config.data);
  opened.defer(() => folder.release());
  const metadata = await openMetadata(databaseUrl(config), migrations, { diskReserve: true });
  opened.defer(() => metadata.close());
  await warnOfClockSkew(metadata, clock, log);
  const rootKey = await openRootKey(metadata, config.encryptionRootKey, clock.now());
  const store = await openBlobStore(config.blobs ?? config.data, { minimumFreeBytes: config.minFreeDisk });
  opened.defer(() => store.close());
  const coldStore = await openColdStore(config, store);
  if (coldStore !== store) opened.defer(() => coldStore.close());

  const secrets = createSecrets(metadata);
  await ensureRootAccount(metadata, rootAccountSettings(config), clock.now());
  const identity = createIdentity(metadata, secrets, clock);
  const jobs = createJobs(metadata, clock);
  const events = createEvents(clock);
  const kms = createKms({ metadata, events, jobs, secrets, authorize, clock, rootKey, log });
  const { account, region } = config;
  const blobs = createBlobs({
    ...{ metadata, store, coldStore, clock, log },
    ...{ keys: kms.blobKeys, defaultScope: "server" as const },
    scrubBytesPerSecond: config.scrubRate,
    onDamage: (report) => recordDamage(report, { metadata, events, clock, log, account, region }),
  });
  const ecr = createEcr({
    metadata,
    blobs,
    events,
    jobs,
    secrets,
    identity,
    authorize,
    kms: kms.keys,
    clock,
    domains: config.domains,
    missingLayers: config.missingLayers,
  });
  opened.defer(() => ecr.flushPullTimes());
  const upstreams = createUpstreams({ metadata, blobs, clock, log, settings: config.upstreams });
  opened.defer(() => upstreams.close());
  const codeArtifact = createCodeArtifact({
    metadata,
    blobs,
    events,
    jobs,
    secrets,
    identity,
    authorize,
    kms: kms.keys,
    clock,
    domains: config.domains,
    formats: [maven, npmFormat, pypiFormat, nuget, genericFormat],
    upstreams,
  });
  const s3 = createS3({
    metadata,
    blobs,
    events,
    jobs,
    secrets,
    authorize,
    kms: kms.keys,
    clock,
    log,
    newBuckets: config.newBuckets,
  });

  const worker = startWorker({
    metadata,
    jobs,
    clock,
    log,
    handlers: [
      ...blobs.jobHandlers,
      ...eventsJobHandlers(metadata, clock),
      ...kms.jobHandlers,
      ...ecr.jobHandlers,
      ...codeArtifact.jobHandlers,
      ...s3.jobHandlers,
    ],
    recurring: [
      ...blobs.recurringJobs,
      ...eventsRecurringJobs,
      ...kms.recurringJobs,
      ...ecr.recurringJobs,
      ...codeArtifact.recurringJobs,
      ...s3.recurringJobs,
    ],
  });
  opened.defer(() => worker.stop());
  opened.defer(every(FLUSH_PULL_TIMES_MILLISECONDS, log, () => ecr.flushPullTimes()));

  const metrics = createMetrics();
  addGauges(metrics, { jobs, blobs, upstreams });
  const tls = await openCertificates(config, clock, log);
  let server: Server | undefined;
  server = await startServer({
    addresses: [
      { where: config.listen, certificates: tls?.certificates },
      ...(config.listenPlain ? [{ where: config.listenPlain }] : []),
    ],
    domains: config.domains,
    doors: {
      registry: registryDoor({ registry: ecr.registry, verifyRegistryToken: identity.verifyRegistryToken }),
      aws: awsDoor({
        services: [ecr.service, codeArtifact.service, kms.service, sts],
        identity,
        s3: s3Door({ s3, identity }),
      }),
      "layer-download": ecr.layerDownloadDoor,
      packages: packageDoors([mavenDoor(), npmDoor(codeArtifact.tokens), pypiDoor, nugetDoor], {
        packages: codeArtifact.packages,
        verifyPackageToken: codeArtifact.tokens.verifyPackageToken,
      }),
      healthz: healthDoor(),
      readyz: readinessDoor(
        {
          // A write of nothing: a database that failed to sync still reads, but takes no write until a restart.
          database: () => metadata.write(async () => undefined),
          // Full is no reason to be taken out of service: reads and deletes go on.
          blobs: () => store.checkRoom().catch(ignoring(StorageFull)),
        },
        () => server?.stopping === true,
      ),
      metrics: metricsDoor(metrics),
      "unknown-own-path": unknownOwnPathDoor(),
    },
    metrics,
    log,
    now: clock.now,
    maxConnections: config.maxConnections,
    stallSeconds: config.stallSeconds,
  });
  opened.defer(() => server.stop(config.stopSeconds));
  const daySeconds = config.daySeconds === 86_400 ? undefined : config.daySeconds;
  folder.publish({ url: server.url, caFile: tls?.caFile, daySeconds });
  log.info({ urls: server.urls, data: config.data, database: metadata.dialect }, "ready");

  const running = opened.move();
  return { url: server.url, caFile: tls?.caFile, stop: () => running.disposeAsync() };
}

/** Leases of a minute survive this much with ease. */
const TOLERATED_SKEW_MILLISECONDS = 10_000;

async function warnOfClockSkew(metadata: Metadata, clock: Clock, log: Logger): Promise<void> {
  const skew = await measureClockSkew(metadata, clock.now);
  if (Math.abs(skew) <= TOLERATED_SKEW_MILLISECONDS) return;
  log.warn(
    { secondsAhead: Math.round(skew / 1000) },
    "the clock of this server is not that of the database: servers of one cluster need the same time (NTP)",
  );
}

/** Beside the other blobs: in the same object store, or in a folder of its own, which may be another disk. */
async function openColdStore(config: Config, store: BlobStore): Promise<BlobStore> {
  if (config.coldBlobs === undefined && config.blobs !== undefined) return store;
  const place = config.coldBlobs ?? join(config.data, "cold");
  return openBlobStore(place, { minimumFreeBytes: config.minFreeDisk });
}

function ignoring(kind: typeof StorageFull): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof kind)) throw error;
  };
}

/** Runs `work` again and again; returns what ends it. */
function every(milliseconds: number, log: Logger, work: () => Promise<void>): () => void {
  const timer = setInterval(() => {
    work().catch((error: unknown) => log.error({ err: error }, "background work failed"));
  }, milliseconds);
  timer.unref();
  return () => clearInterval(timer);
}
