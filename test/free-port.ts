import { once } from "node:events";
import { createServer } from "node:net";

/** A loopback port that was free a moment ago, for programs that cannot take port 0 and say which they got. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
