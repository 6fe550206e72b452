import { createHash } from "node:crypto";
import { BoundedCache } from "../../../bounded-cache.ts";
import type { Clock } from "../../../clock.ts";
import type {
  PackageFormat,
  PackageName,
  UpstreamDocument,
  UpstreamListing,
  UpstreamSource,
} from "../format.ts";
import type { ConnectionSettings } from "./connections.ts";
import type { Documents, KnownDocument } from "./documents.ts";
import type { UpstreamHttp } from "./http.ts";
import { partsOf } from "./parts.ts";
import { type ListingAnswer, type ListingState, UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";
import { WeightedCache } from "./weighted-cache.ts";

interface DocumentAddress {
  readonly url: string;
  readonly accept: string;
}

/** Which documents a listing was read from, and what it was. */
interface Known {
  readonly addresses: readonly DocumentAddress[];
  readonly revision: string;
}

interface Parsed {
  readonly listing: UpstreamListing | undefined;
  readonly revision: string;
}

const MAX_PARSED_BYTES = 64 * 1024 * 1024;
/** Objects take about so many times the bytes of their JSON. */
const WEIGHT_OF_TEXT = 3;
const KNOWN_PACKAGES = 20_000;
/** A listing that reads more than this is no package but an attack. */
const MAX_DOCUMENTS = 1000;
const BELIEVED_WITHOUT_DOCUMENTS_MILLISECONDS = 60_000;
const PATIENCE_MILLISECONDS = 15_000;

/** Listings of packages, parsed once for each revision of the documents they are read from. */
export function createListings({
  documents,
  http,
  clock,
}: {
  readonly documents: Documents;
  readonly http: UpstreamHttp;
  readonly clock: Clock;
}) {
  const known = new BoundedCache<string, Known>(KNOWN_PACKAGES);
  const parsed = new WeightedCache<string, Parsed>(MAX_PARSED_BYTES);
  const running = new Map<string, Promise<ListingAnswer>>();
  const now = () => clock.now().getTime();

  const source = (
    connection: ConnectionSettings,
    saw: (address: DocumentAddress, document: KnownDocument, bytes: number) => void = () => {},
  ): UpstreamSource => ({
    connection: connection.name,
    baseUrl: connection.baseUrl,
    part: partsOf(http, connection),
    async document(link, accept = "*/*") {
      const url = URL.parse(link, connection.baseUrl)?.href;
      if (url === undefined) throw new UpstreamRefused(`${connection.name} has no address ${link}`);
      // Between knowing a document and reading it another server may put a newer one in its place.
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const document = await documents.get(connection, url, accept);
        if (document.head.status === 404) {
          saw({ url, accept }, document, 0);
          return undefined;
        }
        const bytes = await document.bytes();
        if (bytes) {
          saw({ url, accept }, document, bytes.length);
          return asUpstreamDocument(document, bytes);
        }
        documents.forget(connection, url, accept);
      }
      throw new UpstreamUnavailable(`${connection.name}: ${url} keeps changing`);
    },
  });

  /** Asks for each document of a listing that is known; undefined when one has changed. */
  async function unchanged(connection: ConnectionSettings, memo: Known): Promise<ListingState | undefined> {
    const heads = await Promise.all(
      memo.addresses.map(({ url, accept }) => documents.get(connection, url, accept)),
    );
    const state = stateOf(heads, now());
    return state.revision === memo.revision ? state : undefined;
  }

  async function list(
    connection: ConnectionSettings,
    format: PackageFormat,
    name: PackageName,
  ): Promise<ListingAnswer> {
    const id = idOf(connection, format, name);
    const memo = known.get(id);
    const before = parsed.get(id);
    if (memo && before?.revision === memo.revision) {
      const state = await unchanged(connection, memo);
      if (state) return { ...state, listing: before.listing };
    }
    const joined = running.get(id);
    if (joined) return joined;
    const reading = read(connection, format, name, id, before).finally(() => running.delete(id));
    running.set(id, reading);
    return reading;
  }

  async function read(
    connection: ConnectionSettings,
    format: PackageFormat,
    name: PackageName,
    id: string,
    before: Parsed | undefined,
  ): Promise<ListingAnswer> {
    const seen: { address: DocumentAddress; document: KnownDocument }[] = [];
    let size = 0;
    const tracked = source(connection, (address, document, bytes) => {
      if (seen.length === MAX_DOCUMENTS)
        throw new UpstreamRefused(`${connection.name} spreads one package over ${MAX_DOCUMENTS} documents`);
      seen.push({ address, document });
      size += bytes;
    });
    let listing: UpstreamListing | undefined;
    try {
      listing = await format.upstream?.list(tracked, name);
    } catch (error) {
      if (error instanceof UpstreamUnavailable) throw error;
      // What cannot be read must not be believed until it ages.
      for (const { address } of seen) await documents.distrust(connection, address.url, address.accept);
      if (before) return { ...before, freshUntil: now() + PATIENCE_MILLISECONDS, stale: true };
      const problem = error instanceof Error ? error.message : String(error);
      throw new UpstreamRefused(`${connection.name} gives no usable listing: ${problem}`, { cause: error });
    }
    const state = stateOf(
      seen.map(({ document }) => document),
      now(),
    );
    known.set(id, { addresses: seen.map(({ address }) => address), revision: state.revision });
    parsed.set(id, { listing, revision: state.revision }, 500 + id.length + size * WEIGHT_OF_TEXT);
    return { ...state, listing };
  }

  return {
    source,
    list,
    async check(
      connection: ConnectionSettings,
      format: PackageFormat,
      name: PackageName,
    ): Promise<ListingState> {
      const memo = known.get(idOf(connection, format, name));
      return (memo && (await unchanged(connection, memo))) ?? list(connection, format, name);
    },
  };
}

export type Listings = ReturnType<typeof createListings>;

function idOf(connection: ConnectionSettings, format: PackageFormat, name: PackageName): string {
  return JSON.stringify([connection.name, format.name, name.namespace, name.name]);
}

function stateOf(documents: readonly KnownDocument[], now: number): ListingState {
  const revisions = createHash("sha256");
  for (const { head } of documents) revisions.update(head.revision).update(" ");
  const until = documents.map(({ freshUntil }) => freshUntil);
  return {
    revision: revisions.digest("base64url").slice(0, 24),
    freshUntil: until.length === 0 ? now + BELIEVED_WITHOUT_DOCUMENTS_MILLISECONDS : Math.min(...until),
    stale: documents.some(({ stale }) => stale),
  };
}

function asUpstreamDocument({ head }: KnownDocument, bytes: Uint8Array): UpstreamDocument {
  return { bytes, contentType: head.contentType, url: head.answeredUrl, revision: head.revision };
}
