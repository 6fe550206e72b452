import { afterEach, expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAccountId, parseRegion } from "../../src/aws/names.ts";
import type { Events, NewEvent } from "../../src/events/events.ts";
import { migrations } from "../../src/events/migrations.ts";
import { createEvents, eventsJobHandlers, readEvents } from "../../src/events/outbox.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { type TurnedClock, turnedClock } from "../turned-clock.ts";
import { describeOnEachDatabase } from "./databases.ts";

const account = parseAccountId("123456789012");
const region = parseRegion("ap-northeast-1");
if (!account || !region) throw new Error("bad names");

function event(name: string): NewEvent {
  if (!account || !region) throw new Error("bad names");
  return {
    source: "aws.ecr",
    detailType: "ECR Image Action",
    account,
    region,
    time: new Date("2026-11-24T10:00:00.123Z"),
    resources: [`arn:aws:ecr:ap-northeast-1:123456789012:repository/${name}`],
    detail: { "repository-name": name, "action-type": "PUSH", note: "正倉院" },
  };
}

describeOnEachDatabase("events", (databases) => {
  const opened: Metadata[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((metadata) => metadata.close()));
  });

  async function open(url?: string): Promise<{
    metadata: Metadata;
    events: Events;
    clock: TurnedClock;
    record(...names: string[]): Promise<void>;
  }> {
    const metadata = await openMetadata(url ?? (await databases.fresh()), migrations);
    opened.push(metadata);
    const clock = turnedClock();
    const events = createEvents(clock);
    return {
      metadata,
      events,
      clock,
      record: (...names) =>
        metadata.write(async (tx) => {
          for (const name of names) await events.record(tx, event(name));
        }),
    };
  }

  async function readAll(metadata: Metadata, after = 0): Promise<{ names: unknown[]; last: number }> {
    const found = await readEvents(metadata, after, 10_000);
    return {
      names: found.map(({ detail }) => detail["repository-name"]),
      last: found.at(-1)?.position ?? after,
    };
  }

  test("an event comes back as it was recorded, with an id of its own", async () => {
    const { metadata, record } = await open();
    await record("one", "two");
    const [one, two] = await readEvents(metadata, 0, 10);
    expect(one).toMatchObject({ ...event("one") });
    expect(one?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(two?.id).not.toBe(one?.id);
  });

  test("an event of a transaction that failed is never read", async () => {
    const { metadata, events, record } = await open();
    await record("before");
    const failing = metadata.write(async (tx) => {
      await events.record(tx, event("lost"));
      throw new Error("refused");
    });
    await failing.catch(() => undefined);
    await record("after");
    expect((await readAll(metadata)).names).toEqual(["before", "after"]);
  });

  test("a reader goes on where it stood, page by page", async () => {
    const { metadata, record } = await open();
    const names = Array.from({ length: 25 }, (_, index) => `n${index}`);
    await record(...names);
    const read: unknown[] = [];
    for (let after = 0, more = true; more; ) {
      const page = await readEvents(metadata, after, 10);
      read.push(...page.map(({ detail }) => detail["repository-name"]));
      after = page.at(-1)?.position ?? after;
      more = page.length === 10;
    }
    expect(read).toEqual(names);
    const { last } = await readAll(metadata);
    expect((await readAll(metadata, last)).names).toEqual([]);
    await record("later");
    expect((await readAll(metadata, last)).names).toEqual(["later"]);
  });

  test("a reader misses nothing while many write and commit out of order, and reads nothing twice", async () => {
    const url = await databases.fresh();
    const servers = [await open(url), await open(url)];
    const written: string[] = [];
    let writing = true;
    const writers = servers.flatMap(({ metadata, events }, server) =>
      Array.from({ length: 6 }, async (_, writer) => {
        for (let index = 0; index < 12; index += 1) {
          const name = `${server}-${writer}-${index}`;
          await metadata.write(async (tx) => {
            await events.record(tx, event(name));
            // Some transactions stay open for longer after their row was counted.
            for (let wait = 0; wait < (writer * index) % 7; wait += 1) {
              await tx.selectFrom("event_numbering").select("id").where("id", "=", -1).execute();
            }
          });
          written.push(name);
        }
      }),
    );
    const readers = servers.map(async ({ metadata }) => {
      const read: unknown[] = [];
      for (let after = 0, last = false; ; ) {
        const page = await readEvents(metadata, after, 5);
        read.push(...page.map(({ detail }) => detail["repository-name"]));
        after = page.at(-1)?.position ?? after;
        if (last && page.length === 0) return read;
        last = !writing;
        // SQLite answers at once: without a pause the writers' syncs would never be heard of.
        await sleep(0);
      }
    });
    await Promise.all(writers);
    writing = false;
    const expected = [...written].sort();
    for (const read of await Promise.all(readers)) expect(read.sort()).toEqual(expected);
  }, 30_000);

  if (databases.kind === "postgres") {
    test("an event counted first and committed last is still read", async () => {
      const { metadata, events } = await open();
      let commit: () => void = () => undefined;
      const committing = new Promise<void>((resolve) => {
        commit = resolve;
      });
      let recorded: () => void = () => undefined;
      const counted = new Promise<void>((resolve) => {
        recorded = resolve;
      });
      const slow = metadata.write(async (tx) => {
        await events.record(tx, event("slow"));
        recorded();
        await committing;
      });
      await counted;
      await metadata.write((tx) => events.record(tx, event("quick")));
      const first = await readAll(metadata);
      expect(first.names).toEqual(["quick"]);
      commit();
      await slow;
      expect((await readAll(metadata, first.last)).names).toEqual(["slow"]);
    });
  }

  test("events older than a week are deleted, and positions go on from where they were", async () => {
    const { metadata, clock, record } = await open();
    const prune = () =>
      Promise.all(
        eventsJobHandlers(metadata, clock).map((handler) =>
          handler.run({
            id: "1",
            kind: handler.kind,
            payload: null,
            attempt: 1,
            signal: new AbortController().signal,
          }),
        ),
      );
    await record("old");
    const { last } = await readAll(metadata);
    clock.turn(6 * clock.dayMilliseconds);
    await prune();
    expect((await readAll(metadata)).names).toEqual(["old"]);
    clock.turn(2 * clock.dayMilliseconds);
    await prune();
    expect((await readAll(metadata)).names).toEqual([]);
    await record("new");
    expect((await readAll(metadata, last)).names).toEqual(["new"]);
  });
});
