import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { systemClock } from "../../src/clock.ts";
import { claimDue, LEASE_MILLISECONDS } from "../../src/jobs/claims.ts";
import type { JobHandler, RunningJob } from "../../src/jobs/jobs.ts";
import { createJobs } from "../../src/jobs/queue.ts";
import { startWorker } from "../../src/jobs/worker.ts";
import type { Metadata } from "../../src/storage/metadata/metadata.ts";
import { turnedClock } from "../turned-clock.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { jobServers, KIND, type Server, until } from "./job-servers.ts";

describeOnEachDatabase("jobs", (databases) => {
  const serve = jobServers(databases);

  test("a job runs with its payload once its transaction is committed, and is gone afterwards", async () => {
    const server = await serve(turnedClock());
    const seen: unknown[] = [];
    server.work(async (job) => void seen.push([job.kind, job.payload, job.attempt]));
    await server.enqueue({ payload: { image: "é", tags: [1, null] } });
    await until(() => seen.length > 0);
    expect(seen).toEqual([[KIND, { image: "é", tags: [1, null] }, 1]]);
    await until(async () => (await server.jobs.counts()).length === 0);
  });

  test("a job of a transaction that failed never runs", async () => {
    const server = await serve(turnedClock());
    const seen: unknown[] = [];
    server.work(async (job) => void seen.push(job.payload));
    const failing = server.metadata.write(async (tx) => {
      await server.jobs.enqueue(tx, { kind: KIND, payload: "lost" });
      throw new Error("refused");
    });
    await expect(failing).rejects.toThrow("refused");
    await server.enqueue({ payload: "kept" });
    await until(() => seen.length > 0);
    expect(seen).toEqual(["kept"]);
  });

  test("work that would be in its own way is not enqueued again while it runs", async () => {
    const server = await serve(turnedClock());
    const gate = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    const worker = server.work(async (job) => {
      seen.push(job.payload);
      await gate.promise;
    });
    const first = await server.enqueue({ key: "a", alone: true, payload: 1 });
    await until(() => seen.length === 1);
    expect(await server.enqueue({ key: "a", alone: true, payload: 2 })).toBe(first);
    await server.enqueue({ key: "b", alone: true, payload: 3 });
    await until(() => seen.length === 2);
    gate.resolve();
    await until(async () => (await server.jobs.counts()).length === 0);
    await server.enqueue({ key: "a", alone: true, payload: 4 });
    worker.wake();
    await until(() => seen.length === 3);
    expect(seen).toEqual([1, 3, 4]);
  });

  test("a job waits for its time", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    const seen: unknown[] = [];
    const worker = server.work(async (job) => void seen.push(job.payload));
    await server.enqueue({ payload: "later", runAt: new Date(clock.now().getTime() + 5000) });
    await server.enqueue({ payload: "now" });
    await until(() => seen.length > 0);
    clock.turn(4999);
    worker.wake();
    await server.enqueue({ payload: "then" });
    await until(() => seen.length > 1);
    expect(seen).toEqual(["now", "then"]);
    clock.turn(1);
    worker.wake();
    await until(() => seen.length > 2);
    expect(seen).toEqual(["now", "then", "later"]);
  });

  test("a key is waiting at most once; running and other kinds do not count", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    const first = await server.enqueue({ key: "a", payload: 1 });
    expect(await server.enqueue({ key: "a", payload: 2 })).toBe(first);
    expect(await server.enqueue({ key: "b", payload: 3 })).not.toBe(first);
    await server.enqueue({ key: "a", kind: "test.other" });
    const claims = await claimDue(server.metadata, clock.now().getTime(), new Map([[KIND, 10]]), 10);
    expect(claims.map((claim) => claim.payload).sort()).toEqual(["1", "3"]);
    expect(await server.enqueue({ key: "a", payload: 4 })).not.toBe(first);
    expect(await server.jobs.counts()).toEqual([
      { kind: "test.other", state: "waiting", count: 1 },
      { kind: KIND, state: "running", count: 2 },
      { kind: KIND, state: "waiting", count: 1 },
    ]);
  });

  test("of many who enqueue one key at once all get one job", async () => {
    const server = await serve(turnedClock());
    const ids = await Promise.all(Array.from({ length: 20 }, () => server.enqueue({ key: "a" })));
    expect(new Set(ids).size).toBe(1);
    expect(await server.jobs.counts()).toEqual([{ kind: KIND, state: "waiting", count: 1 }]);
  });

  test("a job that fails is tried again, later each time", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    const attempts: number[] = [];
    const worker = server.work(async (job) => {
      attempts.push(job.attempt);
      if (job.attempt < 4) throw new Error("not yet");
    });
    await server.enqueue({});
    for (const [tries, delay] of [1000, 2000, 4000].entries()) {
      await until(() => isWaitingAfter(server, tries + 1));
      clock.turn(delay - 1);
      await server.looked();
      expect(attempts).toHaveLength(tries + 1);
      clock.turn(1);
      worker.wake();
    }
    await until(async () => (await server.jobs.counts()).length === 0);
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  test("after its last attempt a job is kept as failed, with its error, and pruned after two weeks", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    const worker = server.work(
      async () => {
        throw new Error("the disk is on fire");
      },
      { maxAttempts: 2 },
    );
    await server.enqueue({});
    await until(() => isWaitingAfter(server, 1));
    clock.turn(3000);
    worker.wake();
    await until(async () => (await server.jobs.counts()).some(({ state }) => state === "failed"));
    const row = await server.metadata.reader.selectFrom("jobs").selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ attempts: 2, due_at: null });
    expect(row.error).toContain("the disk is on fire");
    clock.turn(13 * clock.dayMilliseconds);
    await server.looked();
    await until(async () => (await server.jobs.counts()).length === 1);
    expect((await server.jobs.counts())[0]).toEqual({ kind: KIND, state: "failed", count: 1 });
    clock.turn(2 * clock.dayMilliseconds);
    worker.wake();
    await until(async () => (await server.jobs.counts()).length === 0);
  });

  test("two servers share the jobs: each job runs once", async () => {
    const url = await databases.fresh();
    const clock = turnedClock();
    const servers = [await serve(clock, url), await serve(clock, url)];
    const ran: number[] = [];
    const total = 60;
    for (let index = 0; index < total; index += 1) await servers[0]?.enqueue({ payload: index });
    for (const server of servers) {
      server.work(async (job) => {
        await sleep(2);
        ran.push(Number(job.payload));
      });
    }
    await until(async () => (await servers[0]?.jobs.counts())?.length === 0);
    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index));
  });

  test("a job whose server was killed runs again once its lease is over, and not before", async () => {
    const url = await databases.fresh();
    const clock = turnedClock(new Date().toISOString());
    const server = await serve(clock, url);
    const child = spawn(process.execPath, [join(import.meta.dir, "jobs-stuck-worker.ts"), url], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await server.enqueue({ payload: "precious", runAt: new Date(0) });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    const seen: RunningJob[] = [];
    const worker = server.work(async (job) => void seen.push(job));
    await server.looked();
    expect(seen).toEqual([]);
    clock.turn(2 * LEASE_MILLISECONDS);
    worker.wake();
    await until(() => seen.length > 0);
    expect(seen[0]).toMatchObject({ payload: "precious", attempt: 2 });
    await until(async () => (await server.jobs.counts()).length === 0);
  }, 30_000);

  test("a job that takes its server down every time is given up after its last attempt", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    await server.enqueue({});
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const claims = await claimDue(server.metadata, clock.now().getTime(), new Map([[KIND, 1]]), 1);
      expect(claims).toHaveLength(1);
      clock.turn(LEASE_MILLISECONDS);
    }
    const ran: number[] = [];
    server.work(async () => void ran.push(1), { maxAttempts: 2 });
    await until(async () => (await server.jobs.counts()).some(({ state }) => state === "failed"));
    expect(ran).toEqual([]);
  });

  test("who lost the lease is told to end, and cannot end the job of who has it now", async () => {
    const clock = turnedClock();
    const server = await serve(clock);
    let signal: AbortSignal | undefined;
    let end: () => void = () => undefined;
    const worker = server.work(async (job) => {
      signal = job.signal;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await server.enqueue({});
    await until(() => signal !== undefined);
    clock.turn(LEASE_MILLISECONDS - 1);
    await worker.heartbeat();
    clock.turn(LEASE_MILLISECONDS - 1);
    const wanted = new Map([[KIND, 1]]);
    expect(await claimDue(server.metadata, clock.now().getTime(), wanted, 1)).toEqual([]);
    expect(signal?.aborted).toBe(false);
    clock.turn(1);
    const [stolen] = await claimDue(server.metadata, clock.now().getTime(), wanted, 1);
    expect(stolen?.attempt).toBe(2);
    await worker.heartbeat();
    expect(signal?.aborted).toBe(true);
    end();
    await worker.stop();
    const rows = await server.metadata.reader.selectFrom("jobs").select(["state", "lease"]).execute();
    expect(rows).toEqual([{ state: "running", lease: stolen?.lease ?? "" }]);
  });

  test("stopping ends running jobs, which run again without having lost an attempt", async () => {
    const server = await serve(turnedClock());
    const attempts: number[] = [];
    const worker = server.work(async (job) => {
      attempts.push(job.attempt);
      await once(job.signal, "abort");
      throw new Error("ended early");
    });
    await server.enqueue({});
    await until(() => attempts.length === 1);
    await worker.stop();
    expect(await server.jobs.counts()).toEqual([{ kind: KIND, state: "waiting", count: 1 }]);
    server.work(async (job) => void attempts.push(job.attempt));
    await until(() => attempts.length === 2);
    expect(attempts).toEqual([1, 1]);
  });

  test("a backlog of one kind does not keep another kind waiting", async () => {
    const server = await serve(turnedClock());
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    let most = 0;
    const other: number[] = [];
    for (let index = 0; index < 50; index += 1) await server.enqueue({});
    server.work(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await released;
        running -= 1;
      },
      { concurrency: 6, handlers: [{ kind: "test.other", run: async () => void other.push(1) }] },
    );
    await until(() => running === 3);
    await server.enqueue({ kind: "test.other" });
    await until(() => other.length === 1);
    expect(running).toBe(3);
    release();
    await until(async () => (await server.jobs.counts()).length === 0);
    expect(most).toBe(3);
  });

  test("work goes on after the database was away", async () => {
    const server = await serve(systemClock());
    const seen: unknown[] = [];
    server.work(async (job) => void seen.push(job.payload));
    await server.enqueue({ payload: 1 });
    await until(() => seen.length === 1);
    await databases.restart();
    await server.enqueue({ payload: 2 });
    await until(() => seen.length === 2);
  }, 30_000);
});

test("two handlers of one kind are refused", async () => {
  const handler: JobHandler = { kind: KIND, run: async () => undefined };
  const unused = {} as Metadata;
  const clock = turnedClock();
  const jobs = createJobs(unused, clock);
  const log = pino({ level: "silent" });
  const start = () =>
    startWorker({ metadata: unused, clock, jobs, log, handlers: [handler, handler], recurring: [] });
  expect(start).toThrow(KIND);
});

async function isWaitingAfter(server: Server, attempts: number): Promise<boolean> {
  const rows = await server.metadata.reader.selectFrom("jobs").selectAll().where("kind", "=", KIND).execute();
  return rows.some((row) => row.state === "waiting" && row.attempts === attempts);
}
