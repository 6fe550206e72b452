import { connect } from "node:net";

/** A client that sends exactly the bytes it is told to, however wrong they are. */
export interface RawAnswer {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  /** The request target as it goes over the wire. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Bytes that Content-Length announces; the body's own number otherwise. */
  readonly announced?: number;
  /** Closes our side after the body instead of waiting for the answer with it open. */
  readonly breakOff?: boolean;
}

/** Sends one request on a connection of its own and reads the answer to its end. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const body: Uint8Array =
    typeof request.body === "string" ? Buffer.from(request.body) : (request.body ?? new Uint8Array());
  const lines = [`${request.method ?? "GET"} ${request.target} HTTP/1.1`];
  const headers: Record<string, string> = {
    Host: `localhost:${port}`,
    Connection: "close",
    ...request.headers,
  };
  const length = request.announced ?? body.length;
  const hasLength = Object.keys(headers).some((name) => /^(content-length|transfer-encoding)$/i.test(name));
  if (length > 0 && !hasLength) headers["Content-Length"] = String(length);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return sendBytes(port, Buffer.concat([head, body]), request.breakOff ?? false);
}

/** The same for bytes that are no request at all. */
export function sendBytes(port: number, bytes: Uint8Array, breakOff = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1" });
    const finish = () => resolve(parseAnswer(Buffer.concat(chunks)));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", finish);
    // A server that refuses may reset the connection while we still write; what it said before that counts.
    socket.on("error", finish);
    socket.setTimeout(20_000, () => {
      socket.destroy();
      reject(new Error(`no answer in 20 s to ${Buffer.from(bytes.subarray(0, 200)).toString("latin1")}`));
    });
    socket.write(bytes, () => {
      if (breakOff) setTimeout(() => socket.destroy(), 100);
    });
  });
}

function parseAnswer(bytes: Buffer): RawAnswer {
  let text = bytes.toString("latin1");
  while (text.startsWith("HTTP/1.1 100")) text = text.slice(text.indexOf("\r\n\r\n") + 4);
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, Math.max(0, end)).split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers,
    body: text.slice(end + 4),
  };
}
