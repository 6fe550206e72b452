/**
 * What the engine asks of the world outside: which versions an external connection has of a package, and its files.
 * Every answer is cached, checked and asked for once, however many wait for it.
 */
import type { Readable } from "node:stream";
import type { Encryption } from "../../../storage/blobs/blob-keys.ts";
import type { Blob } from "../../../storage/blobs/blobs.ts";
import type { Transaction } from "../../../storage/metadata/metadata.ts";
import type {
  FormatName,
  PackageFormat,
  PackageName,
  ReceivedContent,
  UpstreamAsset,
  UpstreamListing,
  UpstreamSource,
  UpstreamVersion,
  VersionDescription,
} from "../format.ts";

export interface Upstreams {
  /** What an external connection's name stands for: a `public:` name or an operator's own upstream. */
  connection(name: string): Connection | undefined;
  connections(): readonly Connection[];

  /**
   * All versions the upstream has. Throws UpstreamUnavailable when it does not answer and nothing is known, and
   * UpstreamRefused when what it answers is no listing.
   */
  list(connection: string, format: PackageFormat, name: PackageName): Promise<ListingAnswer>;

  /** `list` without the listing, which is then neither read nor parsed as long as nothing changed. */
  check(connection: string, format: PackageFormat, name: PackageName): Promise<ListingState>;

  /** For `format.upstream.locate`, and for documents beside the listing that are passed through. */
  source(connection: string): UpstreamSource;

  /**
   * Fetches one file into the blobs, checks it and lets `commit` keep it; joins a fetch of it that runs already, so
   * the upstream is asked once. It resolves when the upstream has begun to answer; undefined when it says that the
   * file is not there. What is wrong later breaks the stream and rejects `stored`, and nothing is kept.
   */
  fetchAsset(wanted: WantedAsset, commit: CommitFetched): Promise<FetchedAsset | undefined>;

  /** Requests to upstreams since the start, by connection and status ("error" for none). */
  requestCounts(): readonly {
    readonly connection: string;
    readonly outcome: string;
    readonly count: number;
  }[];

  /** Breaks off what still runs, and waits for its end. */
  close(): Promise<void>;
}

export interface Connection {
  readonly name: string;
  /** The engine shows packages of this format only; formats without an UpstreamProtocol can be connected and are empty. */
  readonly format: ConnectionFormat;
  /** Ends in a slash. */
  readonly baseUrl: string;
}

/** Formats that have external connections; ruby and cargo have no room of their own yet. */
export type ConnectionFormat = FormatName | "ruby" | "cargo";

export interface ListingAnswer extends ListingState {
  /** Undefined when the upstream has no such package. */
  readonly listing: UpstreamListing | undefined;
}

export interface ListingState {
  /** Changes whenever one of the documents does that the listing was read from. */
  readonly revision: string;
  /** Milliseconds since the epoch: asking earlier gives the same answer. */
  readonly freshUntil: number;
  /** Whether the upstream did not answer and this is what it said before. */
  readonly stale: boolean;
}

export interface WantedAsset {
  readonly connection: string;
  readonly format: PackageFormat;
  readonly name: PackageName;
  /** As the listing has it; undefined for files that `locate` found. */
  readonly version: UpstreamVersion | undefined;
  readonly asset: UpstreamAsset;
  /**
   * What `commit` writes to (`<repository id>`): of those who ask together for the same place only the first one's
   * commit runs; each other place's runs once, in a transaction of its own.
   */
  readonly place: string;
  /** What it is to lie under. Those who ask with different keys each have a fetch of their own. */
  readonly encryption?: Encryption;
}

/** Writes the rows of a file that was checked, with at least one reference to the blob. It may run more than once. */
export type CommitFetched = (
  tx: Transaction,
  blob: Blob,
  content: ReceivedContent,
  description: VersionDescription | undefined,
) => Promise<void>;

export interface FetchedAsset {
  /** Undefined when the upstream does not say. */
  readonly size: number | undefined;
  /**
   * To be called at most once. For who asked first the bytes as they come, of which the last ones are held back until
   * all are checked; for the others from the store, once they are there. It fails when the check does.
   */
  stream(): Promise<Readable>;
  /** When `commit` is durable. It goes on when the stream is given up; a rejection need not be handled. */
  readonly stored: Promise<void>;
}

/** The upstream does not answer, or not in time, and nothing is known from before. The same again may succeed. */
export class UpstreamUnavailable extends Error {
  override readonly name = "UpstreamUnavailable";
  /** 504 when it was too slow, else 502. */
  readonly status: 502 | 504;
  constructor(message: string, options: { status?: 502 | 504; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status ?? 502;
  }
}

/** What the upstream sent is not what it said it would be, or more than is taken: nothing of it is kept. 502. */
export class UpstreamRefused extends Error {
  override readonly name = "UpstreamRefused";
}
