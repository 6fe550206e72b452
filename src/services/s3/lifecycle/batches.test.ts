/** What lifecycle does when others write to the same keys, and when one of many cannot be acted upon. */
import { expect, test } from "bun:test";
import { pino } from "pino";
import { MetadataUnavailable, WriteConflict } from "../../../storage/metadata/errors.ts";
import type { Metadata, Transaction } from "../../../storage/metadata/metadata.ts";
import { freshPace, inBatches } from "./batches.ts";

const IDS = Array.from({ length: 300 }, (_, index) => `version ${index}`);
const TX = {} as Transaction;

/** A database in which a transaction loses to other writers when it is larger than `fits`, as often as it is tried. */
async function run(
  options: { fits?: number; guilty?: string; down?: boolean } = {},
  signal = new AbortController().signal,
) {
  const { fits = Number.POSITIVE_INFINITY, guilty, down = false } = options;
  const done: string[] = [];
  const sizes: number[] = [];
  const told: string[] = [];
  let lost = 0;
  const write = async (work: (tx: Transaction) => Promise<readonly string[]>) => {
    if (down) throw new MetadataUnavailable("down");
    for (let attempt = 0; attempt < 50; attempt++) {
      const some = await work(TX);
      if (some.length <= fits) return some;
      lost += 1;
    }
    throw new WriteConflict("other writers");
  };
  const log = pino({ level: "warn" }, { write: (line: string) => told.push(line) });
  const metadata = { write } as unknown as Metadata;
  const work = async (_: Transaction, ids: readonly string[]) => {
    if (guilty !== undefined && ids.includes(guilty)) throw new Error("its key is disabled");
    return ids;
  };
  const failure = await inBatches({ metadata, log }, IDS, { pace: freshPace(), signal }, work, (some) => {
    done.push(...some);
    sizes.push(some.length);
  }).catch((error: unknown) => error);
  return { done, sizes, told, lost, failure };
}

test("beside nobody a hundred versions go at once", async () => {
  expect((await run()).sizes).toEqual([100, 100, 100]);
});

test("beside busy writers fewer go at once, and none is tried again and again in a piece that is too large", async () => {
  const { done, sizes, lost, told } = await run({ fits: 7 });
  expect(done).toEqual(IDS);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
  expect(lost).toBeLessThan(2 * sizes.length);
  expect(told).toEqual([]);
});

test("one that cannot be acted upon holds up none of the others, and the log says why from the first failure on", async () => {
  const { done, told } = await run({ guilty: "version 150" });
  expect(done).toEqual(IDS.filter((id) => id !== "version 150"));
  for (const line of told) expect(line).toContain("its key is disabled");
  expect(told.at(0)).toContain('"count":100');
  expect(told.filter((line) => line.includes('"id":"version 150"'))).toHaveLength(1);
});

test("a database that is away is nobody's fault: the walk ends there and goes on later", async () => {
  const { failure, told } = await run({ down: true });
  expect(failure).toBeInstanceOf(MetadataUnavailable);
  expect(told).toEqual([]);
});
