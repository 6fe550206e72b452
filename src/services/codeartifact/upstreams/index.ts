import type { Logger } from "pino";
import type { Clock } from "../../../clock.ts";
import type { Blobs } from "../../../storage/blobs/blobs.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import type { ProxyEnvironment } from "./agents.ts";
import { createAssets } from "./assets.ts";
import type { ConnectionSettings } from "./connections.ts";
import { createDocuments } from "./documents.ts";
import { UpstreamHttp } from "./http.ts";
import { createListings } from "./listings.ts";
import { type Upstreams, UpstreamUnavailable } from "./upstreams.ts";

export interface UpstreamSettings {
  /** CodeArtifact's own and the operator's, each name once. */
  readonly connections: readonly ConnectionSettings[];
  readonly freshSeconds: number;
  readonly negativeSeconds: number;
  readonly timeoutSeconds: number;
  readonly proxyEnvironment: ProxyEnvironment;
  /** Before the second attempt at a request; a third of a second without it. */
  readonly pauseMilliseconds?: number;
}

export interface UpstreamsDependencies {
  readonly metadata: Metadata;
  readonly blobs: Pick<Blobs, "take" | "open">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: UpstreamSettings;
}

export function createUpstreams({ metadata, blobs, clock, log, settings }: UpstreamsDependencies): Upstreams {
  const connections = new Map(settings.connections.map((each) => [each.name, each]));
  const counts = new Map<string, { connection: string; outcome: string; count: number }>();
  const http = new UpstreamHttp({
    proxyEnvironment: settings.proxyEnvironment,
    timeoutMilliseconds: settings.timeoutSeconds * 1000,
    ...(settings.pauseMilliseconds === undefined ? {} : { pauseMilliseconds: settings.pauseMilliseconds }),
    count(connection, outcome) {
      const key = `${connection} ${outcome}`;
      const entry = counts.get(key) ?? { connection, outcome, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    },
  });
  const freshness = {
    freshMilliseconds: settings.freshSeconds * 1000,
    negativeMilliseconds: settings.negativeSeconds * 1000,
  };
  const documents = createDocuments({ metadata, http, clock, log, freshness });
  const listings = createListings({ documents, http, clock });
  const assets = createAssets({
    metadata,
    blobs,
    http,
    clock,
    negativeMilliseconds: freshness.negativeMilliseconds,
  });

  /** A repository may be connected to what the settings do not name any more. */
  const named = (name: string): ConnectionSettings => {
    const connection = connections.get(name);
    if (connection) return connection;
    throw new UpstreamUnavailable(`the settings name no upstream ${name}`);
  };

  return {
    connection: (name) => connections.get(name),
    connections: () => settings.connections,
    list: async (connection, format, name) => listings.list(named(connection), format, name),
    check: async (connection, format, name) => listings.check(named(connection), format, name),
    source: (connection) => listings.source(named(connection)),
    fetchAsset: async (wanted, commit) => assets.fetch(named(wanted.connection), wanted, commit),
    requestCounts: () => [...counts.values()],
    async close() {
      http.close();
      await Promise.all([assets.idle(), documents.idle()]);
    },
  };
}
