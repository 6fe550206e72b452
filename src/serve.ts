import { startShosoin } from "./compose.ts";
import { openLog } from "./log.ts";
import type { Config } from "./settings/config.ts";

/** `shosoin serve`: starts everything, says where, and stops it in good order. Resolves once all is closed. */
export async function serve(config: Config): Promise<void> {
  const { log, flush } = openLog(config.logLevel);
  process.on("uncaughtException", (error) => {
    // Nothing is known about the state any more; the metadata and blobs survive a crash by design.
    log.fatal({ err: error }, "uncaught");
    flush();
    process.exit(1);
  });
  process.on("unhandledRejection", (error) => {
    // One request's or job's lost promise: its own work is undone or tried again, the others go on.
    log.error({ err: error }, "unhandled rejection");
  });
  const stopAsked = new Promise<string>((resolve) => {
    let signals = 0;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        resolve(signal);
        signals += 1;
        // Whoever asks twice means now.
        if (signals === 2) {
          flush();
          process.exit(1);
        }
      });
    }
  });
  try {
    const shosoin = await startShosoin(config, log);
    process.stdout.write(`Shosoin is ready: ${shosoin.url}\n`);
    if (shosoin.caFile !== undefined) process.stdout.write(`Clients trust it with ${shosoin.caFile}\n`);
    const signal = await stopAsked;
    log.info({ signal }, "stopping");
    await shosoin.stop();
    log.info("stopped");
  } finally {
    flush();
  }
}
