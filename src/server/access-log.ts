import { type Logger, pino } from "pino";

/** One answered request, as its line in the log tells it. */
export interface AccessEntry {
  readonly requestId: string;
  readonly door: string;
  readonly method: string | undefined;
  /** Without its query: presigned URLs and upload states are credentials. */
  readonly path: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: number;
  readonly ip: string;
  readonly account: string | undefined;
  readonly operation: string | undefined;
}

/** Asked for every few seconds by machines: no line in the log unless someone looks closely. */
const QUIET_DOORS: ReadonlySet<string> = new Set(["healthz", "readyz", "metrics"]);

const { debug, info } = pino.levels.values;

/**
 * Writes a line a request into the log's own stream. It is put together here and not by pino, which costs as much as
 * answering the request: only `path` and what doors note can hold anything that JSON must escape.
 */
export function createAccessLog(log: Logger): (entry: AccessEntry) => void {
  const stream: { write(line: string): void } = Reflect.get(log, pino.symbols.streamSym);
  return (entry) => {
    const level = (QUIET_DOORS.has(entry.door) ? debug : info) ?? 0;
    if (level < log.levelVal) return;
    const account = entry.account === undefined ? "" : `,"account":"${entry.account}"`;
    const operation = entry.operation === undefined ? "" : `,"operation":${JSON.stringify(entry.operation)}`;
    stream.write(
      `{"level":${level},"time":"${new Date().toISOString()}","requestId":"${entry.requestId}","door":"${entry.door}"` +
        `,"method":"${entry.method}","path":${JSON.stringify(entry.path)},"status":${entry.status}` +
        `,"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},"ms":${Math.round(entry.seconds * 1e6) / 1000}` +
        `,"ip":"${entry.ip}"${account}${operation},"msg":"request"}\n`,
    );
  };
}
