import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithClients } from "../client.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { PushLedger } from "../push-ledger.ts";
import { RegistryClient } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";
import { type S3Server, startS3Server } from "../s3-server.ts";

const PUSHERS = 50;
const DOWN_MILLISECONDS = 500;

const rootKey = { accessKeyId: "AKIACLUSTERCRASH", secretAccessKey: randomBytes(20).toString("hex") };

describeWithClients("a cluster under 50 concurrent pushes", ["versitygw"], () => {
  let postgres: PostgresServer;
  let s3: S3Server;
  let doomed: RunningServer;
  let survivor: RunningServer;

  beforeAll(async () => {
    [postgres, s3] = await Promise.all([startPostgres(), startS3Server()]);
    const args = ["--database", await postgres.createDatabase(), "--blobs", s3.url("cluster/")];
    const options = { args, env: s3.environment, rootKey };
    [doomed, survivor] = await Promise.all([RunningServer.start(options), RunningServer.start(options)]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([doomed?.stop(), survivor?.stop()]);
    await Promise.all([s3?.stop(), postgres?.stop()]);
  }, 60_000);

  test("loses nothing that was acknowledged when the database, the object store and a server crash", async () => {
    await doomed.aws(["ecr", "create-repository", "--repository-name", "cluster"]);
    const password = await doomed.registryPassword();
    const ledger = new PushLedger("cluster");
    let stopped = false;
    const clients = Array.from({ length: PUSHERS }, (_, index) => {
      const server = index % 2 === 0 ? doomed : survivor;
      return new RegistryClient(server.url, password);
    });
    const pushing = Promise.all(
      clients.map((client, index) => ledger.push(client, `p${index}`, "end", () => stopped)),
    );

    await moreImages(ledger);
    await postgres.restart("SIGQUIT", DOWN_MILLISECONDS);
    await moreImages(ledger);
    await s3.crash(DOWN_MILLISECONDS);
    await moreImages(ledger);
    await doomed.kill("SIGKILL");
    await moreImages(ledger);
    stopped = true;
    await pushing;

    await doomed.restart();
    for (const server of [survivor, doomed]) {
      const reader = new RegistryClient(server.url, password);
      await ledger.expectAllServed(reader);
      reader.close();
    }
    for (const client of clients) client.close();
    // What stood still while the database or the store was away was told to come again, nothing worse.
    expect(survivor.log).not.toContain("the registry failed");
  }, 120_000);
});

/** Until the cluster has taken some images more. */
async function moreImages(ledger: PushLedger): Promise<void> {
  const enough = ledger.manifests.size + 10;
  while (ledger.manifests.size < enough) await sleep(20);
}
