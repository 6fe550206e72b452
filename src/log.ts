import { destination, type Logger, pino, stdTimeFunctions } from "pino";

/** JSON lines on standard error. Standard output is for what a person or a script asked for. */
export interface Log {
  readonly log: Logger;
  /** Writes what is still in memory; before the process ends. */
  flush(): void;
}

/** Handing on each line by itself costs more than answering the request it is about. In UTF-16 units. */
const BATCH_LENGTH = 32_768;
const BATCH_MILLISECONDS = 200;

/** @param level one of pino's, or `silent` */
export function openLog(level: string): Log {
  const stream = destination({ dest: 2, sync: false });
  // Nobody reads any more (a closed pipe): the server goes on without its log.
  stream.on("error", () => {});
  let batch = "";
  const handOn = () => {
    if (batch !== "") stream.write(batch);
    batch = "";
  };
  const lines = {
    write(line: string) {
      batch += line;
      if (batch.length >= BATCH_LENGTH) handOn();
    },
  };
  setInterval(handOn, BATCH_MILLISECONDS).unref();
  return {
    log: pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, lines),
    flush() {
      handOn();
      try {
        stream.flushSync();
      } catch {
        // The same: there is no one to tell.
      }
    },
  };
}
