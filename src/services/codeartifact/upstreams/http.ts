import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { CONNECTION_CODES } from "../../../storage/connection-codes.ts";
import { Agents, type Head, type ProxyEnvironment } from "./agents.ts";
import { readBody } from "./body.ts";
import type { ConnectionSettings } from "./connections.ts";
import { addressOf, redirected } from "./redirects.ts";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";

export interface UpstreamRequest {
  readonly connection: ConnectionSettings;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes as they are sent, before any decoding. */
  readonly maxSize: number;
}

/** 200, 206, 304, or 404 for all that means "not there". Its body is to be read or discarded. */
export interface UpstreamAnswer {
  readonly status: 200 | 206 | 304 | 404;
  /** After redirects. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Content-Length. */
  readonly size: number | undefined;
  readonly body: AsyncIterable<Buffer>;
  discard(): void;
}

export interface UpstreamHttpOptions {
  readonly proxyEnvironment: ProxyEnvironment;
  /** For the first byte, and for progress after it. */
  readonly timeoutMilliseconds: number;
  /** The first pause between two attempts; each further one is twice as long, and all are shortened by chance. */
  readonly pauseMilliseconds?: number;
  /** What an upstream answered, or that it did not ("error"). */
  readonly count: (connection: string, outcome: string) => void;
}

const ATTEMPTS = 3;
const MAX_REDIRECTS = 5;
/** An upstream that asks for more patience than a client has is unavailable. */
const MAX_PAUSE_MILLISECONDS = 10_000;
/** 416: a part that is beyond the end. */
const NOT_THERE: ReadonlySet<number> = new Set([404, 410, 416, 451]);
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** An upstream's failure that may be over the next time. */
class Passing extends UpstreamUnavailable {
  /** Retry-After. */
  readonly pauseMilliseconds: number | undefined;
  constructor(message: string, options: { pauseMilliseconds?: number | undefined; cause?: unknown } = {}) {
    super(message, options);
    this.pauseMilliseconds = options.pauseMilliseconds;
  }
}

/** GET at upstreams: followed, tried again, bounded. */
export class UpstreamHttp {
  readonly #options: UpstreamHttpOptions;
  readonly #agents: Agents;
  readonly #closing = new AbortController();

  constructor(options: UpstreamHttpOptions) {
    this.#options = options;
    const { proxyEnvironment, timeoutMilliseconds } = options;
    this.#agents = new Agents(proxyEnvironment, timeoutMilliseconds, this.#closing.signal);
  }

  /**
   * What `use` makes of the answer. While `use` reads it, a broken connection has all of it tried again, so it has to
   * begin anew each time; what must not be repeated is done with the answer it hands on.
   *
   * Throws UpstreamUnavailable and UpstreamRefused.
   */
  async get<Result>(
    request: UpstreamRequest,
    use: (answer: UpstreamAnswer) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await use(await this.#follow(request));
      } catch (error) {
        const failure = asFailure(error, request);
        const wait = this.#pauseBefore(failure, attempt);
        if (wait === undefined || this.#closing.signal.aborted) throw failure;
        await pause(wait, undefined, { signal: this.#closing.signal }).catch(() => {
          throw failure;
        });
      }
    }
  }

  close(): void {
    this.#closing.abort();
    this.#agents.close();
  }

  /** Undefined: it is not tried again. */
  #pauseBefore(failure: Error, attempt: number): number | undefined {
    if (!(failure instanceof Passing) || attempt === ATTEMPTS) return undefined;
    const base = this.#options.pauseMilliseconds ?? 300;
    const wait = failure.pauseMilliseconds ?? base * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    return wait <= MAX_PAUSE_MILLISECONDS ? wait : undefined;
  }

  async #follow(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { connection } = request;
    let url = addressOf(request.url, connection.name);
    const seen = new Set<string>();
    for (;;) {
      seen.add(url.href);
      const head = await this.#ask(url, request);
      const status = head.response.statusCode ?? 0;
      if (status === 200 || status === 206) return this.#withBody(status, url, head, request);
      // What stands in the body is for people.
      discard(head);
      if (status === 304) return withoutBody(304, url, head);
      if (NOT_THERE.has(status)) return withoutBody(404, url, head);
      if (!REDIRECTS.has(status)) throw refusal(status, head, connection);
      const next = redirected(url, head.response.headers.location ?? "", connection.name);
      if (seen.has(next.href)) throw new UpstreamRefused(`${connection.name} redirects in a circle`);
      if (seen.size > MAX_REDIRECTS)
        throw new UpstreamRefused(`${connection.name} redirects more than ${MAX_REDIRECTS} times`);
      url = next;
    }
  }

  async #ask(url: URL, { connection, headers }: UpstreamRequest): Promise<Head> {
    // The host of the connection alone is told who asks: what documents link and redirect to is not.
    const trusted = url.origin === new URL(connection.baseUrl).origin;
    const authorization = trusted ? connection.authorization : undefined;
    try {
      const head = await this.#agents.get(url, connection, {
        "user-agent": "shosoin",
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
      });
      this.#options.count(connection.name, String(head.response.statusCode));
      return head;
    } catch (error) {
      this.#options.count(connection.name, "error");
      throw error;
    }
  }

  #withBody(status: 200 | 206, url: URL, head: Head, request: UpstreamRequest): UpstreamAnswer {
    const { response } = head;
    const length = response.headers["content-length"];
    const size = length === undefined ? undefined : Number(length);
    const bytes = readBody(response, url.host, request.maxSize, this.#options.timeoutMilliseconds);
    return {
      status,
      url: url.href,
      headers: response.headers,
      size,
      body: released(bytes, head),
      discard: () => discard(head),
    };
  }
}

function withoutBody(status: 304 | 404, url: URL, { response }: Head): UpstreamAnswer {
  const body = { async *[Symbol.asyncIterator]() {} };
  return { status, url: url.href, headers: response.headers, size: undefined, body, discard: () => {} };
}

async function* released(bytes: AsyncGenerator<Buffer>, head: Head): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } finally {
    head.release();
  }
}

/** A short rest is read, so that the connection can be used again; a long one is not worth it. */
function discard({ response, release }: Head): void {
  const bodiless = response.statusCode === 304;
  const length = bodiless ? 0 : Number(response.headers["content-length"] ?? Number.POSITIVE_INFINITY);
  response.on("error", () => {});
  response.on("close", release);
  if (length <= 16 * 1024) response.setTimeout(5000, () => response.destroy()).resume();
  else response.destroy();
}

function refusal(status: number, { response }: Head, connection: ConnectionSettings): UpstreamUnavailable {
  if (PASSING.has(status)) {
    const pauseMilliseconds = retryAfter(response.headers["retry-after"]);
    return new Passing(`${connection.name} answers ${status}`, { pauseMilliseconds });
  }
  const hint = status === 401 || status === 403 ? "; its credentials may be missing or wrong" : "";
  return new UpstreamUnavailable(`${connection.name} answers ${status}${hint}`);
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const milliseconds = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function asFailure(error: unknown, { connection }: UpstreamRequest): Error {
  if (!(error instanceof Error)) return new UpstreamUnavailable(`${connection.name} cannot be asked`);
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof UpstreamUnavailable) return error;
  const message = `${connection.name} cannot be reached: ${error.message}`;
  if (CONNECTION_CODES.has(code)) return new Passing(message, { cause: error });
  // Certificates, malformed answers, a proxy that refuses: the same again would be the same.
  return new UpstreamUnavailable(message, { cause: error });
}
