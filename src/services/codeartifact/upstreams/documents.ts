import { createHash } from "node:crypto";
import type { Logger } from "pino";
import { BoundedCache } from "../../../bounded-cache.ts";
import type { Clock } from "../../../clock.ts";
import type { Metadata } from "../../../storage/metadata/metadata.ts";
import type { ConnectionSettings } from "./connections.ts";
import { ACCEPTED_ENCODINGS, compress, decode, decompress, MAX_DOCUMENT_BYTES } from "./decode.ts";
import { createDocumentRows, type DocumentHead, type DocumentKey, NOWHERE } from "./document-rows.ts";
import type { UpstreamAnswer, UpstreamHttp } from "./http.ts";
import { Outages } from "./outages.ts";
import { Slots } from "./slots.ts";
import { UpstreamUnavailable } from "./upstreams.ts";

export interface Freshness {
  /** How long a document is believed without asking again. */
  readonly freshMilliseconds: number;
  /** How long "not there" is. */
  readonly negativeMilliseconds: number;
}

export interface DocumentsDependencies {
  readonly metadata: Metadata;
  readonly http: UpstreamHttp;
  readonly clock: Clock;
  readonly log: Logger;
  readonly freshness: Freshness;
}

/** What is known of a document now. */
export interface KnownDocument {
  readonly head: DocumentHead;
  readonly freshUntil: number;
  readonly stale: boolean;
  /** Undefined when it has changed or gone meanwhile; asking again tells. */
  bytes(): Promise<Uint8Array | undefined>;
}

/** While an upstream is down, what is known is not asked for again with every request. */
const PATIENCE_WITH_OUTAGES_MILLISECONDS = 15_000;
/** Some 300 bytes each. */
const HEADS_IN_MEMORY = 50_000;

/** As they come: what may unpack to a hundred megabytes is unpacked a few at a time. */
const LARGE_BYTES = 128 * 1024;
const LARGE_AT_ONCE = 4;

interface Remembered {
  readonly head: DocumentHead;
  readonly freshUntil: number;
  readonly stale: boolean;
}

/** Documents of upstreams: asked for once, believed while fresh, then revalidated, and used when the upstream is down. */
export function createDocuments(dependencies: DocumentsDependencies) {
  const { metadata, http, clock, log, freshness } = dependencies;
  const rows = createDocumentRows({ metadata });
  const outages = new Outages(log);
  const remembered = new BoundedCache<string, Remembered>(HEADS_IN_MEMORY);
  const running = new Map<string, Promise<KnownDocument>>();
  const large = new Slots(LARGE_AT_ONCE);
  const now = () => clock.now().getTime();

  async function get(connection: ConnectionSettings, url: string, accept: string): Promise<KnownDocument> {
    const key: DocumentKey = { connection: connection.name, url, accept };
    const id = idOf(key.connection, url, accept);
    const memory = remembered.get(id);
    if (memory && memory.freshUntil > now()) return known(key, memory);
    const joined = running.get(id);
    if (joined) return joined;
    const refreshing = refresh(connection, key, memory?.head).then((result) => {
      if (result.stored) remembered.set(id, result);
      return known(key, result, result.fetched);
    });
    running.set(id, refreshing);
    return refreshing.finally(() => running.delete(id));
  }

  async function refresh(
    connection: ConnectionSettings,
    key: DocumentKey,
    memory: DocumentHead | undefined,
  ): Promise<Refreshed> {
    const row = await rows.head(key);
    if (row && row.usedAt <= now() - clock.dayMilliseconds) await noteUse(key);
    // A row is newer than the memory when another server fetched it; the memory is when nothing had changed.
    const before = row && memory?.revision === row.revision ? memory : row;
    const until = before ? believedUntil(before) : 0;
    if (before && until > now()) return { head: before, freshUntil: until, stale: false, stored: true };
    try {
      const refreshed = await ask(connection, key, before);
      outages.over(connection.name);
      return refreshed;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      outages.begun(connection.name, error);
      if (!before) throw error;
      const freshUntil = now() + PATIENCE_WITH_OUTAGES_MILLISECONDS;
      return { head: before, freshUntil, stale: true, stored: true };
    }
  }

  async function ask(
    connection: ConnectionSettings,
    key: DocumentKey,
    before: DocumentHead | undefined,
  ): Promise<Refreshed> {
    const request = {
      connection,
      url: key.url,
      headers: { accept: key.accept, "accept-encoding": ACCEPTED_ENCODINGS, ...conditions(before) },
      maxSize: MAX_DOCUMENT_BYTES,
    };
    const { answer, raw } = await http.get(request, async (received) => ({
      answer: received,
      raw: received.status === 200 ? await wholeBody(received) : undefined,
    }));
    if (answer.status === 304) {
      if (!before) throw new UpstreamUnavailable(`${connection.name} answers 304 to a plain question`);
      return fresh({ ...before, validatedAt: now() });
    }
    if (!raw) return absent(key, before);
    const release = raw.length > LARGE_BYTES ? await large.take() : () => {};
    try {
      return await unpacked(key, answer, raw);
    } finally {
      release();
    }
  }

  async function unpacked(key: DocumentKey, answer: UpstreamAnswer, raw: Buffer): Promise<Refreshed> {
    const { headers, url } = answer;
    const bytes = await decode(raw, headers["content-encoding"], url);
    const head: DocumentHead = {
      status: 200,
      answeredUrl: url,
      contentType: headers["content-type"] ?? "",
      etag: headers.etag ?? null,
      lastModified: headers["last-modified"] ?? null,
      revision: revisionOf(bytes, url),
      validatedAt: now(),
    };
    const stored = await keep(key, head, await compress(bytes));
    return { ...fresh(head), stored, fetched: bytes };
  }

  /** Names that never were there get no row: anybody can invent them. */
  async function absent(key: DocumentKey, before: DocumentHead | undefined): Promise<Refreshed> {
    const head = { ...NOWHERE, validatedAt: now() };
    const stored = before === undefined || (await keep(key, head, new Uint8Array()));
    return { ...fresh(head), stored };
  }

  /** What nobody uses for long is removed (unused-documents.ts). A full disk is no reason not to answer. */
  async function noteUse(key: DocumentKey): Promise<void> {
    try {
      await metadata.write((tx) => rows.used(tx, key, now()));
    } catch (error) {
      log.warn({ err: error, url: key.url }, "that a document of an upstream is used cannot be noted");
    }
  }

  /** A document that cannot be kept (a full disk) is still an answer. */
  async function keep(key: DocumentKey, head: DocumentHead, content: Uint8Array): Promise<boolean> {
    try {
      await metadata.write((tx) => rows.put(tx, key, head, content));
      return true;
    } catch (error) {
      log.warn({ err: error, url: key.url }, "a document of an upstream cannot be kept");
      return false;
    }
  }

  function known(key: DocumentKey, { head, freshUntil, stale }: Remembered, fetched?: Uint8Array) {
    const bytes = async (): Promise<Uint8Array | undefined> => {
      if (fetched) return fetched;
      const content = await rows.content(key, head.revision);
      return content && decompress(content);
    };
    return { head, freshUntil, stale, bytes };
  }

  function fresh(head: DocumentHead): Refreshed {
    return { head, freshUntil: believedUntil(head), stale: false, stored: true };
  }

  function believedUntil({ status, validatedAt }: DocumentHead): number {
    return validatedAt + (status === 200 ? freshness.freshMilliseconds : freshness.negativeMilliseconds);
  }

  return {
    get,

    /** When nothing is being asked any more, for the end. */
    async idle(): Promise<void> {
      await Promise.allSettled(running.values());
    },

    /** The next request looks at the database: another server has changed it. */
    forget(connection: ConnectionSettings, url: string, accept: string): void {
      remembered.delete(idOf(connection.name, url, accept));
    },

    /** The next request asks the upstream anew: what it said is of no use. */
    async distrust(connection: ConnectionSettings, url: string, accept: string): Promise<void> {
      remembered.delete(idOf(connection.name, url, accept));
      await metadata.write((tx) => rows.remove(tx, { connection: connection.name, url, accept }));
    },
  };
}

export type Documents = ReturnType<typeof createDocuments>;

function idOf(connection: string, url: string, accept: string): string {
  return JSON.stringify([connection, url, accept]);
}

interface Refreshed extends Remembered {
  readonly stored: boolean;
  readonly fetched?: Uint8Array;
}

function conditions(before: DocumentHead | undefined): Record<string, string> {
  if (before?.status !== 200) return {};
  return {
    ...(before.etag === null ? {} : { "if-none-match": before.etag }),
    ...(before.lastModified === null ? {} : { "if-modified-since": before.lastModified }),
  };
}

async function wholeBody(answer: UpstreamAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function revisionOf(bytes: Uint8Array, url: string): string {
  return createHash("sha256").update(url).update("\0").update(bytes).digest("base64url").slice(0, 24);
}
