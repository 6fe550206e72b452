import { Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, Agent as SecureAgent } from "node:https";
import { checkOutside, leadsInside, outsideLookup } from "./reach.ts";
import { Slots } from "./slots.ts";
import { UpstreamUnavailable } from "./upstreams.ts";

/** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or not, as node:http understands them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** The connection on whose behalf a request is made. */
export interface Asker {
  readonly baseUrl: string;
  readonly proxy?: string;
}

/** Half of what public registries tolerate of one address; npm itself opens 15. */
const CONNECTIONS_PER_HOST = 48;
const CONNECT_MILLISECONDS = 10_000;
const IDLE_SOCKET_MILLISECONDS = 15_000;
const BASE_KNOWN_MILLISECONDS = 60_000;

/** An answer's head; `release` gives the place among the host's connections to the next. */
export interface Head {
  readonly response: IncomingMessage;
  release(): void;
}

/** Sockets to upstreams: kept alive, through proxies, so many to a host, and none to hosts inside for those outside. */
export class Agents {
  readonly #environment: ProxyEnvironment;
  readonly #headMilliseconds: number;
  readonly #agents = new Map<string, { readonly http: Agent; readonly https: SecureAgent }>();
  readonly #slots = new Map<string, Slots>();
  readonly #inside = new Map<string, { readonly answer: Promise<boolean>; readonly until: number }>();
  readonly #closing: AbortSignal;

  /** @param headMilliseconds from the connection to the first byte of an answer */
  constructor(environment: ProxyEnvironment, headMilliseconds: number, closing: AbortSignal) {
    this.#closing = closing;
    this.#environment = environment;
    this.#headMilliseconds = headMilliseconds;
  }

  async get(url: URL, asker: Asker, headers: Readonly<Record<string, string>>): Promise<Head> {
    const own = url.host === new URL(asker.baseUrl).host;
    const free = own || (await this.#leadsInside(asker.baseUrl));
    if (!free) checkOutside(url);
    const release = await this.#takeSlot(url.host);
    try {
      const response = await this.#request(url, asker, headers, free);
      return { response, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  close(): void {
    for (const { http, https } of this.#agents.values()) {
      http.destroy();
      https.destroy();
    }
  }

  #request(
    url: URL,
    asker: Asker,
    headers: Readonly<Record<string, string>>,
    free: boolean,
  ): Promise<IncomingMessage> {
    const { http, https } = this.#agentsFor(asker.proxy, free);
    const options = { headers, signal: this.#closing };
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === "https:"
          ? requestHttps(url, { ...options, agent: https })
          : requestHttp(url, { ...options, agent: http });
      const late = (what: string) => () =>
        request.destroy(new UpstreamUnavailable(`${url.host} ${what}`, { status: 504 }));
      let timer = setTimeout(late("cannot be connected to in time"), CONNECT_MILLISECONDS);
      const connected = () => {
        clearTimeout(timer);
        timer = setTimeout(late("does not answer in time"), this.#headMilliseconds);
      };
      request.on("socket", (socket) => {
        if (!socket.connecting) return connected();
        socket.once("connect", connected);
      });
      request.on("response", (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.end();
    });
  }

  #agentsFor(proxy: string | undefined, free: boolean) {
    const key = `${proxy ?? ""} ${free}`;
    const known = this.#agents.get(key);
    if (known) return known;
    const proxyEnv = proxy === undefined ? this.#environment : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
    const options = {
      keepAlive: true,
      timeout: IDLE_SOCKET_MILLISECONDS,
      proxyEnv,
      ...(free ? {} : { lookup: outsideLookup(proxyHosts(proxyEnv)) }),
    };
    const agents = { http: new Agent(options), https: new SecureAgent(options) };
    this.#agents.set(key, agents);
    return agents;
  }

  async #takeSlot(host: string): Promise<() => void> {
    const slots = this.#slots.get(host) ?? new Slots(CONNECTIONS_PER_HOST);
    this.#slots.set(host, slots);
    const giveBack = await slots.take();
    return () => {
      giveBack();
      if (slots.idle) this.#slots.delete(host);
    };
  }

  #leadsInside(baseUrl: string): Promise<boolean> {
    const known = this.#inside.get(baseUrl);
    if (known && known.until > Date.now()) return known.answer;
    const answer = leadsInside(baseUrl);
    this.#inside.set(baseUrl, { answer, until: Date.now() + BASE_KNOWN_MILLISECONDS });
    return answer;
  }
}

function proxyHosts(environment: ProxyEnvironment): ReadonlySet<string> {
  const urls = Object.entries(environment).filter(([name]) => /^https?_proxy$/i.test(name));
  return new Set(urls.flatMap(([, url]) => (url && URL.canParse(url) ? [new URL(url).hostname] : [])));
}
