import { expect, test } from "bun:test";
import { join } from "node:path";
import { BackgroundProcess } from "../background-process.ts";
import { describeOnEachStore } from "../contract/blob-stores.ts";

describeOnEachStore("a blob of 1 GiB", (stores) => {
  test("is pushed and pulled without being held in memory", async () => {
    const script = join(import.meta.dirname, "push-large-blob.ts");
    // The collector is told what `npm start` tells it.
    const env = { BUN_JSC_forceRAMSize: "268435456" };
    const push = BackgroundProcess.start(process.execPath, [script, stores.fresh(), "1024"], { env });
    const [, grown] = await push.waitFor(/memory grew by (\d+) MiB/, 200);
    expect(await push.ended()).toBe(0);
    // Two parts of 8 MiB and what the runtime has not collected yet; far from 1,024.
    expect(Number(grown)).toBeLessThan(250);
  }, 240_000);
});
