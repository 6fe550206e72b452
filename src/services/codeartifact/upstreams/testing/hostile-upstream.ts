import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

export interface SeenRequest {
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Answer = (socket: Socket, request: SeenRequest) => void;

/** An upstream that does what a test tells it to, byte by byte. */
export class HostileUpstream {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #answers = new Map<string, Answer[]>();
  readonly #sockets = new Set<Socket>();
  connections = 0;
  down = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async start(): Promise<HostileUpstream> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new HostileUpstream(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends in a slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** The answers to requests of this target, one after another; the last one again and again. */
  on(target: string, ...answers: Answer[]): void {
    this.#answers.set(target, answers);
  }

  count(target: string): number {
    return this.requests.filter((request) => request.target === target).length;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const request = parse(text.slice(0, end));
        text = text.slice(end + 4);
        this.requests.push(request);
        if (this.down) socket.destroy();
        else this.#answerTo(request.target)(socket, request);
      }
    });
  }

  #answerTo(target: string): Answer {
    const answers = this.#answers.get(target) ?? [];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? respond(404, {}, "nothing here");
  }
}

/** A proper answer; a header of undefined is left out. */
export function respond(
  status: number,
  headers: Readonly<Record<string, string | undefined>> = {},
  body: string | Buffer = "",
): Answer {
  return (socket) => {
    const bytes = Buffer.from(body);
    const all = { "Content-Length": String(bytes.length), ...headers };
    socket.write(Buffer.concat([Buffer.from(head(status, all)), bytes]));
  };
}

export function head(status: number, headers: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `HTTP/1.1 ${status} Said\r\n${lines.join("")}\r\n`;
}

function parse(text: string): SeenRequest {
  const [line = "", ...fields] = text.split("\r\n");
  const headers = fields.map((field) => {
    const at = field.indexOf(":");
    return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()] as const;
  });
  return { target: line.split(" ")[1] ?? "", headers: Object.fromEntries(headers) };
}
