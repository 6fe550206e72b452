import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { ConnectionSettings } from "./connections.ts";
import { UpstreamHttp, type UpstreamHttpOptions } from "./http.ts";
import { type Answer, HostileUpstream, head, respond } from "./testing/hostile-upstream.ts";
import { UpstreamRefused, UpstreamUnavailable } from "./upstreams.ts";

let upstream: HostileUpstream;
let other: HostileUpstream;
let outcomes: string[];

beforeAll(async () => {
  upstream = await HostileUpstream.start();
  other = await HostileUpstream.start();
});

beforeEach(() => {
  upstream.requests.length = 0;
  other.requests.length = 0;
  outcomes = [];
});

afterAll(() => {
  upstream.stop();
  other.stop();
});

function client(options: Partial<UpstreamHttpOptions> = {}): UpstreamHttp & Disposable {
  const http = new UpstreamHttp({
    proxyEnvironment: {},
    timeoutMilliseconds: 1000,
    pauseMilliseconds: 5,
    count: (connection, outcome) => void outcomes.push(`${connection} ${outcome}`),
    ...options,
  });
  return Object.assign(http, { [Symbol.dispose]: () => http.close() });
}

async function get(
  http: UpstreamHttp,
  path: string,
  more: Partial<ConnectionSettings> = {},
): Promise<string> {
  const connection = { name: "acme", format: "npm" as const, baseUrl: upstream.url, ...more };
  const url = new URL(path, connection.baseUrl).href;
  return http.get({ connection, url, headers: {}, maxSize: 1_000_000 }, async (answer) => {
    const body = await buffer(answer.body);
    return `${answer.status} ${body.toString()}`;
  });
}

test("connections are kept alive, also after answers without a body", async () => {
  using http = client();
  upstream.on("/a", respond(200, {}, "a"));
  upstream.on("/unchanged", respond(304, { "Content-Length": undefined }));
  const before = upstream.connections;
  for (const path of ["a", "unchanged", "absent", "a", "unchanged", "a"]) {
    await get(http, path);
    // The end of an answer that nobody reads comes a moment later.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(upstream.connections - before).toBe(1);
  expect(outcomes).toContain("acme 304");
});

test("no more than 48 requests run at one host at a time, and all of them end", async () => {
  using http = client();
  let running = 0;
  let most = 0;
  upstream.on("/slow", (socket, request) => {
    running += 1;
    most = Math.max(most, running);
    setTimeout(() => {
      running -= 1;
      respond(200, {}, "slow")(socket, request);
    }, 20);
  });
  const answers = await Promise.all(Array.from({ length: 200 }, () => get(http, "slow")));
  expect(new Set(answers)).toEqual(new Set(["200 slow"]));
  expect(most).toBe(48);
});

const broken: Answer = (socket) => {
  socket.write(`${head(200, { "Content-Length": "100" })}not all of it`);
  setTimeout(() => socket.destroy(), 10);
};

test.each([
  ["a 429", respond(429, { "Retry-After": "0" })],
  ["a 503", respond(503, {}, "busy")],
  ["a connection that is dropped", (socket) => socket.destroy()],
  ["a body that ends before its length", broken],
] satisfies [string, Answer][])("after %s the request is tried again", async (_what, failure) => {
  using http = client();
  upstream.on("/flaky", failure, respond(200, {}, "whole"));
  expect(await get(http, "flaky")).toBe("200 whole");
  expect(upstream.count("/flaky")).toBe(2);
});

test("three attempts are made and no more, and none when the upstream asks for an hour of patience", async () => {
  using http = client();
  upstream.on("/busy", respond(503));
  await expect(get(http, "busy")).rejects.toThrow("acme answers 503");
  expect(upstream.count("/busy")).toBe(3);
  upstream.on("/later", respond(429, { "Retry-After": "3600" }));
  await expect(get(http, "later")).rejects.toThrow(UpstreamUnavailable);
  expect(upstream.count("/later")).toBe(1);
});

test("an upstream that refuses says that credentials may be wrong, and is not asked again", async () => {
  using http = client();
  upstream.on("/private", respond(403));
  await expect(get(http, "private")).rejects.toThrow(
    "acme answers 403; its credentials may be missing or wrong",
  );
  expect(upstream.count("/private")).toBe(1);
});

test("silence is a timeout (504), a closed port is not (502)", async () => {
  using http = client({ timeoutMilliseconds: 100 });
  upstream.on("/silent", () => {});
  expect(await get(http, "silent").catch((error: UpstreamUnavailable) => error.status)).toBe(504);
  const gone = await HostileUpstream.start();
  const baseUrl = gone.url;
  gone.stop();
  expect(await get(http, "a", { baseUrl }).catch((error: UpstreamUnavailable) => error.status)).toBe(502);
});

test("redirects are followed, and credentials go to the connection's own host only", async () => {
  using http = client();
  upstream.on("/here", respond(302, { Location: "/there" }));
  upstream.on("/there", respond(307, { Location: `${other.url}elsewhere` }));
  other.on("/elsewhere", respond(301, { Location: `${upstream.url}back` }));
  upstream.on("/back", respond(200, {}, "arrived"));
  expect(await get(http, "here", { authorization: "Bearer s3cret" })).toBe("200 arrived");
  expect(upstream.requests.map(({ headers }) => headers["authorization"])).toEqual(
    Array.from({ length: 3 }, () => "Bearer s3cret"),
  );
  expect(other.requests.map(({ headers }) => headers["authorization"])).toEqual([undefined]);
});

test("a link in a document to another host is followed without credentials", async () => {
  using http = client();
  other.on("/file", respond(200, {}, "file"));
  expect(await get(http, `${other.url}file`, { authorization: "Bearer s3cret" })).toBe("200 file");
  expect(other.requests[0]?.headers["authorization"]).toBeUndefined();
});

test.each([
  ["to itself", "/round", "in a circle"],
  ["to nothing", undefined, "an address that is none"],
  ["to a file of this machine", "file:///etc/passwd", "an address that is none"],
  ["to an address longer than any", `/${"x".repeat(9000)}`, "an address that is none"],
])("a redirect %s is refused", async (_where, location, says) => {
  using http = client();
  upstream.on("/round", respond(302, { Location: location }));
  const failure = get(http, "round");
  await expect(failure).rejects.toThrow(UpstreamRefused);
  await expect(failure).rejects.toThrow(says);
});

test("more than five redirects are refused", async () => {
  using http = client();
  for (let step = 0; step < 9; step += 1)
    upstream.on(`/step${step}`, respond(302, { Location: `/step${step + 1}` }));
  await expect(get(http, "step0")).rejects.toThrow("more than 5 times");
  upstream.on("/step5", respond(200, {}, "there"));
  expect(await get(http, "step0")).toBe("200 there");
});

/** A proxy that answers itself, tunnels nothing, and notes what it was asked. (A real tunnel: test/clients.) */
async function startProxy(): Promise<{ url: string; asked: string[]; server: HttpServer }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`);
    response.end("through the proxy");
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
}

test("an upstream's own proxy is used, else the environment's, but not for the hosts of NO_PROXY", async () => {
  const proxy = await startProxy();
  using http = client({
    proxyEnvironment: { HTTP_PROXY: `http://${proxy.url}`, NO_PROXY: "127.0.0.1" },
  });
  const baseUrl = "http://upstream.example/";
  expect(await get(http, "a", { baseUrl })).toBe("200 through the proxy");
  upstream.on("/a", respond(200, {}, "direct"));
  expect(await get(http, "a")).toBe("200 direct");
  expect(await get(http, "b", { proxy: `http://user:word@${proxy.url}` })).toBe("200 through the proxy");
  const basic = `Basic ${Buffer.from("user:word").toString("base64")}`;
  expect(proxy.asked).toEqual([`${baseUrl}a `, `${upstream.url}b ${basic}`]);
  const tunnelled = get(http, "c", { baseUrl: "https://up.example/", proxy: `http://${proxy.url}` });
  await expect(tunnelled).rejects.toThrow(UpstreamUnavailable);
  expect(proxy.asked.at(-1)).toBe("CONNECT up.example:443");
  proxy.server.closeAllConnections();
  proxy.server.close();
});
