/** s3cmd, which sends what S3 wanted in 2010: MD5 sums, `?location`, `?acl` and `?policy` with everything. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { client, describeWithClients } from "../client.ts";
import { runCommand } from "../command.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import {
  type BucketServer,
  digests,
  readTree,
  sampleFiles,
  sha256,
  startBucketServer,
  writeTree,
} from "./bucket-server.ts";

describeWithClients("s3cmd", ["s3cmd", "aws", "curl"], () => {
  let buckets: BucketServer;
  let folder: TemporaryFolder;
  const files = sampleFiles();
  const local = (name: string) => join(folder.path, name);
  beforeAll(async () => {
    folder = temporaryFolder("s3cmd");
    writeTree(local("tree"), files);
    buckets = await startBucketServer("http");
    const host = new URL(buckets.server.url).host;
    const { accessKeyId, secretAccessKey } = buckets.server.rootKey;
    const settings = {
      ...{ access_key: accessKeyId, secret_key: secretAccessKey },
      ...{ host_base: host, host_bucket: host, use_https: "False", check_ssl_certificate: "True" },
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(local("s3cfg"), `[default]\n${lines.join("\n")}\n`);
    await s3cmd("mb", "s3://artifacts");
  }, 60_000);
  afterAll(async () => {
    await buckets?.server.stop();
    folder?.remove();
  });

  function s3cmd(...line: string[]): Promise<string> {
    return runCommand(client("s3cmd"), ["--config", local("s3cfg"), "--no-progress", ...line]);
  }

  test("put and get, small and in parts", async () => {
    for (const name of ["app.jar", "empty", "large.bin", "releases/v1.0.0/with space + plus & more.txt"]) {
      await s3cmd("put", "--multipart-chunk-size-mb=5", local(`tree/${name}`), `s3://artifacts/put/${name}`);
      await s3cmd("get", "--force", `s3://artifacts/put/${name}`, local("back"));
      expect(sha256(readFileSync(local("back"))), name).toBe(sha256(files.get(name) ?? Buffer.alloc(0)));
    }
  }, 60_000);

  test("info names size, sum, type and policy", async () => {
    const said = await s3cmd("info", "s3://artifacts/put/app.jar");
    expect(said).toContain("File size: 100000");
    expect(said).toMatch(/MD5 sum: {3}[0-9a-f]{32}/);
    expect(said).toContain("Policy:    none");
    expect(await s3cmd("info", "s3://artifacts")).toContain("Location:  us-east-1");
  });

  test("sync in, sync out, and nothing to do the second time", async () => {
    await s3cmd("sync", `${local("tree")}/`, "s3://artifacts/synced/");
    await s3cmd("sync", "s3://artifacts/synced/", `${local("synced")}/`);
    expect(readTree(local("synced"))).toEqual(digests(files));
    expect(await s3cmd("sync", `${local("tree")}/`, "s3://artifacts/synced/")).not.toContain("upload:");
  }, 60_000);

  test("ls, la and du", async () => {
    expect(await s3cmd("ls", "s3://artifacts/synced/releases/")).toContain("DIR");
    expect(await s3cmd("ls", "--recursive", "s3://artifacts/synced/")).toContain("größe/日本語 100%.txt");
    expect(await s3cmd("la")).toContain("s3://artifacts");
    const total = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
    expect(await s3cmd("du", "s3://artifacts/synced/")).toStartWith(String(total));
  });

  test("cp, mv, modify and del work on the server's side", async () => {
    await s3cmd("cp", "s3://artifacts/synced/app.jar", "s3://artifacts/copied.jar");
    await s3cmd("modify", "--add-header=Cache-Control:max-age=60", "s3://artifacts/copied.jar");
    expect(
      await buckets.s3api(["head-object", "--bucket", "artifacts", "--key", "copied.jar"]),
    ).toMatchObject({ CacheControl: "max-age=60", ContentLength: 100_000 });
    await s3cmd("mv", "s3://artifacts/copied.jar", "s3://artifacts/moved.jar");
    await s3cmd("get", "s3://artifacts/moved.jar", local("moved.jar"));
    expect(sha256(readFileSync(local("moved.jar")))).toBe(sha256(files.get("app.jar") ?? Buffer.alloc(0)));
    await s3cmd("del", "s3://artifacts/moved.jar");
    await s3cmd("del", "--recursive", "--force", "s3://artifacts/put/");
    expect(await s3cmd("ls", "--recursive", "s3://artifacts")).not.toMatch(/moved|copied|put\//);
  }, 60_000);

  test("a policy that opens the bucket is set, shown, holds, and goes", async () => {
    const policy = {
      Version: "2012-10-17",
      Statement: [
        {
          ...{ Effect: "Allow", Principal: "*", Action: "s3:GetObject" },
          Resource: "arn:aws:s3:::artifacts/synced/releases/*",
        },
      ],
    };
    writeFileSync(local("policy.json"), JSON.stringify(policy));
    await buckets.s3api(["delete-public-access-block", "--bucket", "artifacts"]);
    await s3cmd("setpolicy", local("policy.json"), "s3://artifacts");
    expect(await s3cmd("info", "s3://artifacts")).toContain('"Action":"s3:GetObject"');
    const address = `${buckets.server.url}/artifacts/synced/releases/v1.0.0/notes.txt`;
    expect(await buckets.curl(address)).toBe("first");
    await s3cmd("delpolicy", "s3://artifacts");
    expect(await buckets.curl(address)).toContain("<Code>AccessDenied</Code>");
  });

  test("signurl makes an address for curl", async () => {
    const address = await s3cmd("signurl", "s3://artifacts/synced/releases/v1.0.0/notes.txt", "+60");
    expect(await buckets.curl(address)).toBe("first");
  });

  test("uploads in progress are listed and aborted", async () => {
    const begun = await buckets.s3api(["create-multipart-upload", "--bucket", "artifacts", "--key", "begun"]);
    expect(await s3cmd("multipart", "s3://artifacts")).toContain(String(begun["UploadId"]));
    await s3cmd("abortmp", "s3://artifacts/begun", String(begun["UploadId"]));
    expect(await s3cmd("multipart", "s3://artifacts")).not.toContain(String(begun["UploadId"]));
  });

  test("rb takes a bucket away with everything in it", async () => {
    await s3cmd("rb", "--recursive", "--force", "s3://artifacts");
    expect(await s3cmd("ls")).not.toContain("artifacts");
  });
});
