import type { ServerResponse } from "node:http";
import type { Door } from "./door.ts";
import type { Metrics } from "./metrics.ts";

/** `/-/healthz`, `/-/readyz` and `/-/metrics`: for load balancers and Prometheus, without authentication, without names of anything stored. */

/** Resolves when the part works; rejects with what is wrong. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<void>;

const CHECK_SECONDS = 5;

/** The process runs and answers; a restart would not help otherwise. */
export function healthDoor(): Door {
  return async (request, response) => {
    if (!isRead(request.method, response)) return;
    writeText(response, 200, "ok\n");
  };
}

/** Whether requests should come here: every part answers and the server is not stopping. */
export function readinessDoor(
  checks: Readonly<Record<string, ReadinessCheck>>,
  isStopping: () => boolean,
): Door {
  return async (request, response, arrival) => {
    if (!isRead(request.method, response)) return;
    const signal = AbortSignal.timeout(CHECK_SECONDS * 1000);
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await withinTime(check(signal), signal);
          return [name, "ok"] as const;
        } catch (error) {
          arrival.log.warn({ err: error, part: name }, "not ready");
          return [name, "failing"] as const;
        }
      }),
    );
    const stopping = isStopping();
    const ready = !stopping && results.every(([, result]) => result === "ok");
    const status = ready ? "ready" : stopping ? "stopping" : "not ready";
    response.writeHead(ready ? 200 : 503, { "content-type": "application/json" });
    response.end(`${JSON.stringify({ status, parts: Object.fromEntries(results) })}\n`);
  };
}

export function metricsDoor(metrics: Metrics): Door {
  return async (request, response) => {
    if (!isRead(request.method, response)) return;
    const body = await metrics.registry.metrics();
    response.writeHead(200, { "content-type": metrics.registry.contentType });
    response.end(body);
  };
}

/** Below `/-/`, where nothing is (yet). */
export function unknownOwnPathDoor(): Door {
  return async (_request, response) => writeText(response, 404, "There is nothing here.\n");
}

function isRead(method: string | undefined, response: ServerResponse): boolean {
  if (method === "GET" || method === "HEAD") return true;
  response.setHeader("allow", "GET, HEAD");
  writeText(response, 405, "Only GET and HEAD.\n");
  return false;
}

function writeText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}

/** A check that hangs (a dead database host) must not hang the answer. */
function withinTime(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
