import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { describeWithClients } from "../client.ts";
import { type PostgresServer, startPostgres } from "../postgres-server.ts";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { RunningServer } from "../running-server.ts";
import { type S3Server, startS3Server } from "../s3-server.ts";
import { testPushRaces } from "./push-races.ts";

const MIB = 1024 * 1024;

const rootKey = { accessKeyId: "AKIATWOSERVERS", secretAccessKey: randomBytes(20).toString("hex") };

describeWithClients("two servers on one PostgreSQL and one S3 store", ["versitygw"], () => {
  let postgres: PostgresServer;
  let s3: S3Server;
  let first: RunningServer;
  let second: RunningServer;

  beforeAll(async () => {
    [postgres, s3] = await Promise.all([startPostgres(), startS3Server()]);
    const args = ["--database", await postgres.createDatabase(), "--blobs", s3.url("cluster/")];
    // Both start at once on an empty database: neither may stumble over the other's migrations.
    const options = { args, env: s3.environment, rootKey };
    [first, second] = await Promise.all([RunningServer.start(options), RunningServer.start(options)]);
  });
  afterAll(async () => {
    await Promise.all([first?.stop(), second?.stop()]);
    await Promise.all([s3?.stop(), postgres?.stop()]);
  });

  test("an upload begun on one goes on and ends on the other, and both serve it", async () => {
    await first.aws(["ecr", "create-repository", "--repository-name", "shared"]);
    const password = await first.registryPassword();
    const one = new RegistryClient(first.url, password);
    const other = new RegistryClient(second.url, password);
    // 7 MiB leave a rest that is smaller than a part of S3's; the second chunk makes whole parts again.
    const layer = randomBytes(25 * MIB + 12_345);
    const path = pathOf(await one.startUpload("shared"));
    expect((await one.patch(first.url + path, layer.subarray(0, 7 * MIB))).status).toBe(202);
    const status = await other.send("GET", path);
    expect(status.headers.range).toBe(`0-${7 * MIB - 1}`);
    expect((await other.patch(second.url + path, layer.subarray(7 * MIB, 20 * MIB))).status).toBe(202);
    expect((await one.patch(first.url + path, layer.subarray(20 * MIB))).status).toBe(202);
    expect((await other.finish(second.url + path, sha256(layer))).status).toBe(201);
    for (const client of [one, other]) {
      const read = await client.send("GET", `/v2/shared/blobs/${sha256(layer)}`);
      expect(read.body.equals(layer)).toBe(true);
    }
    one.close();
    other.close();
  });

  testPushRaces(() => [first, second]);
});

function pathOf(location: string): string {
  return location.startsWith("http") ? new URL(location).pathname : location;
}
