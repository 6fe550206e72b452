import type { Logger } from "pino";

/** Says in the log once that an upstream fails, and once that it is back. */
export class Outages {
  readonly #log: Logger;
  readonly #down = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  begun(connection: string, error: Error): void {
    if (this.#down.has(connection)) return;
    this.#down.add(connection);
    this.#log.warn(
      { connection, problem: error.message },
      "an upstream fails; what is known of it is used meanwhile",
    );
  }

  over(connection: string): void {
    if (this.#down.delete(connection)) this.#log.info({ connection }, "an upstream answers again");
  }
}
