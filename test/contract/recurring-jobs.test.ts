import { expect, test } from "bun:test";
import type { RecurringJob } from "../../src/jobs/jobs.ts";
import { turnedClock } from "../turned-clock.ts";
import { describeOnEachDatabase } from "./databases.ts";
import { jobServers, KIND, until } from "./job-servers.ts";

describeOnEachDatabase("recurring jobs", (databases) => {
  const serve = jobServers(databases);

  test("of two servers one enqueues a recurring job each time it is due", async () => {
    const url = await databases.fresh();
    const clock = turnedClock();
    const ran: unknown[] = [];
    const recurring: RecurringJob[] = [
      { name: "test.hourly", schedule: "rate(1 hour)", kind: KIND, payload: "hourly" },
      { name: "test.nightly", schedule: "cron(30 3 * * ? *)", kind: KIND, payload: "nightly" },
    ];
    const servers = [await serve(clock, url), await serve(clock, url)];
    const workers = servers.map((server) =>
      server.work(async (job) => void ran.push(job.payload), { recurring }),
    );
    const wake = () => {
      for (const worker of workers) worker.wake();
    };
    // Turning the clock under a job that is being marked as done would end its lease.
    const done = (count: number) =>
      until(async () => ran.length >= count && (await servers[0]?.jobs.counts())?.length === 0);
    await until(async () => {
      const rows =
        (await servers[0]?.metadata.reader.selectFrom("job_schedules").selectAll().execute()) ?? [];
      return rows.length === 3;
    });
    expect(ran).toEqual([]);
    clock.turn(3_600_000);
    wake();
    await done(1);
    clock.turn(16.5 * 3_600_000);
    wake();
    await done(3);
    expect([...ran].sort()).toEqual(["hourly", "hourly", "nightly"]);
    clock.turn(1_800_000 - 1);
    wake();
    for (const server of servers) await server.looked();
    expect(ran).toHaveLength(3);
    clock.turn(1);
    wake();
    await done(4);
    expect(ran).toHaveLength(4);
    expect(ran.at(-1)).toBe("hourly");
  });

  /** As a server that is started with this schedule writes it down. */
  async function millisecondsUntilDue(
    url: string,
    clock: ReturnType<typeof turnedClock>,
    schedule: string,
  ): Promise<number> {
    const server = await serve(clock, url);
    const recurring = [{ name: "test.one", schedule, kind: KIND, payload: null }];
    const worker = server.work(async () => undefined, { recurring });
    await server.looked();
    await worker.stop();
    const row = await server.metadata.reader
      .selectFrom("job_schedules")
      .select("due_at")
      .where("name", "=", "test.one")
      .executeTakeFirst();
    return (row?.due_at ?? 0) - clock.now().getTime();
  }

  test("a schedule that changed counts from now; one that did not keeps its time over a restart", async () => {
    const url = await databases.fresh();
    const clock = turnedClock();
    const dueIn = async (schedule: string) => (await millisecondsUntilDue(url, clock, schedule)) / 60_000;
    expect(await dueIn("rate(60 minutes)")).toBe(60);
    clock.turn(10 * 60_000);
    expect(await dueIn("rate(60 minutes)")).toBe(50);
    expect(await dueIn("rate(30 minutes)")).toBe(30);
  });

  test("on short days what recurs by a rate comes sooner in proportion, but not more than once a second", async () => {
    const url = await databases.fresh();
    const dueIn = (dayMilliseconds: number, schedule: string) =>
      millisecondsUntilDue(url, turnedClock("2026-11-24T10:00:00Z", dayMilliseconds), schedule);
    expect(await dueIn(86_400_000, "rate(1 day)")).toBe(86_400_000);
    expect(await dueIn(60_000, "rate(1 day)")).toBe(60_000);
    expect(await dueIn(60_000, "rate(1 minute)")).toBe(1_000);
    expect(await dueIn(60_000, "cron(30 11 * * ? *)")).toBe(90 * 60_000);
  });
});
