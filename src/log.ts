import { destination, type Logger, pino, stdTimeFunctions } from "pino";

/** JSON lines on standard error. Standard output is for what a person or a script asked for. */
export interface Log {
  readonly log: Logger;
  /** Writes what is still in memory; before the process ends. */
  flush(): void;
}

/** Writing each line by itself costs more than answering the request it is about. */
const BUFFER_BYTES = 8192;
const FLUSH_MILLISECONDS = 200;

/** @param level one of pino's, or `silent` */
export function openLog(level: string): Log {
  const stream = destination({ dest: 2, sync: false, minLength: BUFFER_BYTES });
  // Nobody reads any more (a closed pipe): the server goes on without its log.
  stream.on("error", () => {});
  const log = pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, stream);
  setInterval(() => stream.flush(), FLUSH_MILLISECONDS).unref();
  return {
    log,
    flush() {
      try {
        stream.flushSync();
      } catch {
        // The same: there is no one to tell.
      }
    },
  };
}
