import { expect, test } from "bun:test";
import { setTimeout as sleep } from "node:timers/promises";
import { measureClockSkew } from "../../src/storage/metadata/clock-skew.ts";
import { TransactionEnded, TransactionFailed } from "../../src/storage/metadata/errors.ts";
import type { Transaction } from "../../src/storage/metadata/metadata.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { countOf, increment, namesIn, openedMetadata, put, tables } from "./metadata-things.ts";

describeOnEachDatabase("metadata", (databases) => {
  const { open } = openedMetadata(databases);

  test("what a write returned is there for every reader afterwards", async () => {
    const metadata = await open();
    const result = await metadata.write(async (tx) => {
      await put(tx, "a", 7);
      return "done";
    });
    expect(result).toBe("done");
    expect(await countOf(metadata, "a")).toBe(7);
  });

  test("how far a server's clock is off the database's is measured", async () => {
    const metadata = await open();
    expect(await measureClockSkew(metadata, () => new Date())).toBe(0);
    const minute = 60_000;
    const ahead = await measureClockSkew(metadata, () => new Date(Date.now() + 10 * minute));
    const behind = await measureClockSkew(metadata, () => new Date(Date.now() - 10 * minute));
    // The embedded database has no clock of its own.
    const expected = databases.kind === "postgres" ? [10, -10] : [0, 0];
    expect([Math.round(ahead / minute), Math.round(behind / minute)]).toEqual(expected);
  });

  test("nothing remains of a write that throws, and the caller gets what it threw", async () => {
    const metadata = await open();
    const refusal = new Error("no");
    const write = metadata.write(async (tx) => {
      await put(tx, "a");
      throw refusal;
    });
    expect(await write.catch((error: unknown) => error)).toBe(refusal);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("a reader never sees a row of a transaction that is still open", async () => {
    const metadata = await open();
    let seen: string[] | undefined;
    await metadata.write(async (tx) => {
      await put(tx, "a");
      seen = await namesIn(metadata);
    });
    expect(seen).toEqual([]);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("a transaction reads its own rows", async () => {
    const metadata = await open();
    const found = await metadata.write(async (tx) => {
      await put(tx, "a", 3);
      return tables(tx).selectFrom("things").select("count").execute();
    });
    expect(found).toEqual([{ count: 3 }]);
  });

  test("of many writes at once the failing ones fail alone", async () => {
    const metadata = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        metadata.write(async (tx) => {
          await put(tx, `n${String(index).padStart(2, "0")}`);
          if (index % 3 === 0) throw new Error("refused");
        }),
      ),
    );
    const kept = outcomes.flatMap(({ status }, index) => (status === "fulfilled" ? [index] : []));
    expect(kept).toEqual(Array.from({ length: 60 }, (_, index) => index).filter((index) => index % 3 !== 0));
    expect(await namesIn(metadata)).toEqual(kept.map((index) => `n${String(index).padStart(2, "0")}`));
  });

  test("concurrent counters lose no update", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "counter"));
    await Promise.all(Array.from({ length: 100 }, () => metadata.write((tx) => increment(tx, "counter"))));
    expect(await countOf(metadata, "counter")).toBe(100);
  });

  test("two servers on one database lose no update to each other", async () => {
    const url = await databases.fresh();
    const [one, other] = [await open(url), await open(url)];
    await one.write((tx) => put(tx, "counter"));
    await Promise.all(
      [one, other].flatMap((metadata) =>
        Array.from({ length: 25 }, () => metadata.write((tx) => increment(tx, "counter"))),
      ),
    );
    expect(await countOf(one, "counter")).toBe(50);
    expect(await countOf(other, "counter")).toBe(50);
  });

  test("of two writes that each would take the last place, one sees the other's row", async () => {
    const metadata = await open();
    const takePlace = (name: string) =>
      metadata.write(async (tx) => {
        const taken = await tables(tx).selectFrom("things").select("name").execute();
        if (taken.length > 0) throw new Error("taken");
        await put(tx, name);
      });
    const outcomes = await Promise.allSettled([takePlace("a"), takePlace("b")]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await namesIn(metadata)).toHaveLength(1);
  });

  test("after a failed statement nothing of the transaction is committed, even when the failure was caught", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "a"));
    let afterwards: unknown;
    const write = metadata.write(async (tx) => {
      await put(tx, "b");
      await put(tx, "a").catch(() => undefined);
      afterwards = await put(tx, "c").catch((error: unknown) => error);
    });
    await expect(write).rejects.toThrow(/unique/i);
    expect(afterwards).toBeInstanceOf(TransactionFailed);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("a work that says a failed statement in its own words is heard", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "a"));
    const write = metadata.write((tx) =>
      put(tx, "a").catch(() => {
        throw new Error("the name is taken");
      }),
    );
    await expect(write).rejects.toThrow("the name is taken");
  });

  test("a transaction cannot be used after its end", async () => {
    const metadata = await open();
    let leaked: Transaction | undefined;
    await metadata.write(async (tx) => {
      leaked = tx;
    });
    const late = leaked;
    if (!late) throw new Error("no transaction");
    await expect(put(late, "late")).rejects.toBeInstanceOf(TransactionEnded);
    expect(() => metadata.afterCommit(late, () => undefined)).toThrow(TransactionEnded);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("the reader refuses to write", async () => {
    const metadata = await open();
    const write = tables(metadata.reader).insertInto("things").values({ name: "a", count: 0 });
    await expect(write.execute()).rejects.toThrow(/read-?only/i);
    expect(await namesIn(metadata)).toEqual([]);
  });

  test("a row that others refer to is kept", async () => {
    const metadata = await open();
    await metadata.write(async (tx) => {
      await put(tx, "a");
      await tables(tx).insertInto("parts").values({ thing: "a" }).execute();
    });
    const remove = metadata.write((tx) => tables(tx).deleteFrom("things").execute());
    await expect(remove).rejects.toThrow(/foreign key/i);
    expect(await namesIn(metadata)).toEqual(["a"]);
  });

  test("text sorts and compares by its UTF-8 bytes", async () => {
    const metadata = await open();
    // UTF-16 order would put U+FF5E after the emoji, a dictionary would ignore case and marks.
    const names = ["", " ", "-", "A", "B", "Z", "_", "a", "b", "z", "é", "ÿ", "あ", "\uff5e", "😀"];
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    await metadata.write(async (tx) => {
      for (const name of [...names].reverse()) await put(tx, name);
    });
    expect(await namesIn(metadata)).toEqual(byBytes);
    const after = await tables(metadata.reader)
      .selectFrom("things")
      .select("name")
      .where("name", ">", "_")
      .orderBy("name")
      .limit(2)
      .execute();
    expect(after.map((row) => row.name)).toEqual(["a", "b"]);
  });

  test("integers up to 2^53-1, counts and sums are exact numbers", async () => {
    const metadata = await open();
    await metadata.write(async (tx) => {
      await put(tx, "largest", Number.MAX_SAFE_INTEGER);
      await put(tx, "time", 1_790_000_000_123);
      await put(tx, "negative", -5);
    });
    expect(await countOf(metadata, "largest")).toBe(9007199254740991);
    expect(await countOf(metadata, "negative")).toBe(-5);
    const totals = await tables(metadata.reader)
      .selectFrom("things")
      .where("name", "!=", "largest")
      .select(({ fn }) => [fn.countAll().as("rows"), fn.sum("count").as("sum"), fn.max("count").as("max")])
      .executeTakeFirstOrThrow();
    expect(totals).toEqual({ rows: 2, sum: 1_790_000_000_118, max: 1_790_000_000_123 });
    expect(await countOf(metadata, "time")).toBe(1_790_000_000_123);
  });

  test("bytes come back as they were, also none and four megabytes", async () => {
    const metadata = await open();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const large = new Uint8Array(4 * 1024 * 1024).fill(0xa5);
    await metadata.write(async (tx) => {
      await put(tx, "every", 0, every);
      await put(tx, "large", 0, large);
      await put(tx, "none", 0, new Uint8Array(0));
      await put(tx, "null", 0, null);
    });
    const rows = await tables(metadata.reader).selectFrom("things").selectAll().orderBy("name").execute();
    const [first, second, third, fourth] = rows.map((row) => row.content);
    expect(Buffer.from(first ?? []).equals(every)).toBe(true);
    expect(Buffer.from(second ?? []).equals(large)).toBe(true);
    expect(third).toBeInstanceOf(Uint8Array);
    expect(third).toHaveLength(0);
    expect(fourth).toBeNull();
  });

  test("ON CONFLICT, RETURNING and counts of changed rows work alike", async () => {
    const metadata = await open();
    const upsert = (count: number) =>
      metadata.write((tx) =>
        tables(tx)
          .insertInto("things")
          .values({ name: "a", count })
          .onConflict((conflict) =>
            conflict.column("name").doUpdateSet((eb) => ({ count: eb("things.count", "+", count) })),
          )
          .returning("count")
          .executeTakeFirstOrThrow(),
      );
    expect(await upsert(1)).toEqual({ count: 1 });
    expect(await upsert(41)).toEqual({ count: 42 });
    const counts = await metadata.write(async (tx) => {
      const updated = await tables(tx).updateTable("things").set({ count: 0 }).executeTakeFirst();
      const missed = await tables(tx).deleteFrom("things").where("name", "=", "b").executeTakeFirst();
      const ignored = await tables(tx)
        .insertInto("things")
        .values({ name: "a", count: 9 })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return [updated.numUpdatedRows, missed.numDeletedRows, ignored.numInsertedOrUpdatedRows];
    });
    expect(counts).toEqual([1n, 0n, 0n]);
  });

  test("afterCommit runs once, after the rows are there, and never for a write that failed", async () => {
    const metadata = await open();
    const heard: string[] = [];
    await metadata.write(async (tx) => {
      metadata.afterCommit(tx, () => heard.push("kept"));
      await put(tx, "a");
      expect(heard).toEqual([]);
    });
    const failing = metadata.write(async (tx) => {
      metadata.afterCommit(tx, () => heard.push("lost"));
      await put(tx, "a");
    });
    await failing.catch(() => undefined);
    await sleep(1);
    expect(heard).toEqual(["kept"]);
  });

  test("a write that conflicted and ran again tells afterCommit once", async () => {
    const metadata = await open();
    await metadata.write((tx) => put(tx, "counter"));
    let heard = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        metadata.write(async (tx) => {
          metadata.afterCommit(tx, () => {
            heard += 1;
          });
          await increment(tx, "counter");
        }),
      ),
    );
    await sleep(1);
    expect(heard).toBe(20);
  });
});
