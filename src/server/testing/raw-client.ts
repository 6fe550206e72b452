import { connect, type Socket } from "node:net";

/** A client that sends exactly the bytes it is told, for tests of what no proper HTTP client would do. */
export class RawClient {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #closed = false;
  #changed: () => void = () => {};

  /** @param from the address of this client */
  constructor(port: number, from = "127.0.0.1") {
    this.#socket = connect({ port, host: "127.0.0.1", localAddress: from, allowHalfOpen: true });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#changed();
    });
    // A reset is one of the ways in which a server closes.
    this.#socket.on("error", () => {});
    for (const event of ["close", "end"] as const) {
      this.#socket.on(event, () => {
        this.#closed = true;
        this.#changed();
      });
    }
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** No more bytes are taken from the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves to all that came when `wanted` is in it; rejects when the server closes before. */
  async until(wanted: string): Promise<string> {
    await this.#waitFor(() => this.received.includes(wanted) || this.#closed);
    if (!this.received.includes(wanted)) throw new Error(`closed before ${wanted}: ${this.received}`);
    return this.received;
  }

  /** Resolves to all that came once the server has closed the connection. */
  async untilClosed(): Promise<string> {
    await this.#waitFor(() => this.#closed);
    return this.received;
  }

  /** Goes away in the middle, as a killed process does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #waitFor(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#changed = () => {};
        resolve();
      };
      this.#changed = check;
      check();
    });
  }
}
