/** A real database in a folder of its own, and a clock that tests turn. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccountId, Region } from "../../aws/names.ts";
import { parseAccountId, parseRegion } from "../../aws/names.ts";
import type { Clock } from "../../clock.ts";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import { openMetadata } from "../../storage/metadata/open.ts";
import { migrations } from "../migrations.ts";

export const NOW = new Date("2026-01-02T03:04:05Z");

export function account(text: string): AccountId {
  const id = parseAccountId(text);
  if (!id) throw new Error(`not an account: ${text}`);
  return id;
}

export function region(text: string): Region {
  const name = parseRegion(text);
  if (!name) throw new Error(`not a region: ${text}`);
  return name;
}

export class TurnableClock implements Clock {
  readonly dayMilliseconds = 86_400_000;
  #time: number;

  constructor(start: Date = NOW) {
    this.#time = start.getTime();
  }

  now(): Date {
    return new Date(this.#time);
  }

  turn(milliseconds: number): void {
    this.#time += milliseconds;
  }
}

export interface FreshDatabase {
  readonly folder: string;
  /** Opens the same database once more, as a second server or the command line does. */
  open(): Promise<Metadata>;
  remove(): Promise<void>;
}

export async function freshDatabase(): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "shosoin-identity-"));
  const opened: Metadata[] = [];
  return {
    folder,
    async open() {
      const metadata = await openMetadata(join(folder, "metadata.db"), migrations);
      opened.push(metadata);
      return metadata;
    },
    async remove() {
      for (const metadata of opened) await metadata.close();
      await rm(folder, { recursive: true });
    },
  };
}
