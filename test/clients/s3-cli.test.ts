/** `aws s3` over HTTP and over HTTPS: what build specifications and people do with a bucket. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithClients } from "../client.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary-folder.ts";
import {
  type BucketServer,
  digests,
  MEBIBYTE,
  readTree,
  SCHEMES,
  sampleFiles,
  sha256,
  startBucketServer,
  writeTree,
} from "./bucket-server.ts";

for (const scheme of SCHEMES) {
  describeWithClients(`aws s3 over ${scheme}`, ["aws", "curl"], () => {
    let buckets: BucketServer;
    let folder: TemporaryFolder;
    const files = sampleFiles();
    const local = (name: string) => join(folder.path, name);
    beforeAll(async () => {
      folder = temporaryFolder("s3-cli");
      writeTree(local("tree"), files);
      buckets = await startBucketServer(scheme);
      await buckets.s3(["mb", "s3://artifacts"]);
    }, 60_000);
    afterAll(async () => {
      await buckets?.server.stop();
      folder?.remove();
    });

    test("cp brings a file in and out again, whatever its size and name", async () => {
      mkdirSync(local("back"));
      for (const [name, content] of files) {
        await buckets.s3(["cp", local(`tree/${name}`), `s3://artifacts/cp/${name}`]);
        await buckets.s3(["cp", `s3://artifacts/cp/${name}`, local("back/file")]);
        expect(sha256(readFileSync(local("back/file"))), name).toBe(sha256(content));
      }
    }, 120_000);

    test("cp takes standard input and writes standard output", async () => {
      await buckets.s3(["cp", "-", "s3://artifacts/piped.txt"], { input: "through a pipe" });
      expect(await buckets.s3(["cp", "s3://artifacts/piped.txt", "-"])).toBe("through a pipe");
    });

    test("cp keeps metadata, content type and class", async () => {
      await buckets.s3([
        ...[
          "cp",
          local("tree/releases/v1.0.0/notes.txt"),
          "s3://artifacts/described",
          "--metadata",
          "team=build",
        ],
        ...[
          "--content-type",
          "text/markdown",
          "--cache-control",
          "max-age=60",
          "--storage-class",
          "STANDARD_IA",
        ],
      ]);
      expect(
        await buckets.s3api(["head-object", "--bucket", "artifacts", "--key", "described"]),
      ).toMatchObject({
        ContentType: "text/markdown",
        CacheControl: "max-age=60",
        StorageClass: "STANDARD_IA",
        Metadata: { team: "build" },
        ContentLength: 6,
      });
    });

    test("sync brings a tree in, and out again", async () => {
      await buckets.s3(["sync", local("tree"), "s3://artifacts/synced"]);
      await buckets.s3(["sync", "s3://artifacts/synced", local("synced")]);
      expect(readTree(local("synced"))).toEqual(digests(files));
    }, 60_000);

    test("sync moves only what changed, and deletes what is gone when told so", async () => {
      expect(await buckets.s3(["sync", local("tree"), "s3://artifacts/synced"])).toBe("");
      writeFileSync(local("tree/app.jar"), "a new build");
      rmSync(local("tree/empty"));
      const said = await buckets.s3([
        "sync",
        local("tree"),
        "s3://artifacts/synced",
        "--delete",
        "--no-progress",
      ]);
      const lines = said.split("\n").toSorted();
      expect(lines).toHaveLength(2);
      expect(lines[0]).toContain("delete: s3://artifacts/synced/empty");
      expect(lines[1]).toContain("s3://artifacts/synced/app.jar");
      expect(await buckets.s3(["cp", "s3://artifacts/synced/app.jar", "-"])).toBe("a new build");
    }, 60_000);

    test("ls shows keys as a tree and in full", async () => {
      expect(await buckets.s3(["ls"])).toContain(" artifacts");
      const top = await buckets.s3(["ls", "s3://artifacts/synced/"]);
      expect(top.split("\n").map((line) => line.trim().replace(/^\S+ \S+ +/, ""))).toEqual([
        "PRE releases/",
        "11 app.jar",
        `${20 * MEBIBYTE + 1} large.bin`,
      ]);
      const all = await buckets.s3(["ls", "--recursive", "--summarize", "s3://artifacts/synced/"]);
      expect(all).toContain("synced/releases/größe/日本語 100%.txt");
      expect(all).toContain("Total Objects: 5");
      expect(all).toContain(`Total Size: ${20 * MEBIBYTE + 1 + 11 + 6 + 4 + 8}`);
    });

    test("mv inside the store copies whole objects, large ones in parts", async () => {
      await buckets.s3(["mv", "s3://artifacts/synced/large.bin", "s3://artifacts/moved/large.bin"]);
      await buckets.s3(["cp", "s3://artifacts/moved/large.bin", local("moved")]);
      expect(sha256(readFileSync(local("moved")))).toBe(sha256(files.get("large.bin") ?? Buffer.alloc(0)));
      expect(await buckets.s3(["ls", "--recursive", "s3://artifacts/synced/"])).not.toContain("large.bin");
    }, 60_000);

    test("mv from disk leaves nothing behind", async () => {
      writeFileSync(local("once"), "moved away");
      await buckets.s3(["mv", local("once"), "s3://artifacts/once"]);
      expect(() => readFileSync(local("once"))).toThrow();
      expect(await buckets.s3(["cp", "s3://artifacts/once", "-"])).toBe("moved away");
    });

    test("whoever has a presigned address reads the object, until it expires", async () => {
      const address = await buckets.s3(["presign", "s3://artifacts/once", "--expires-in", "60"]);
      expect(await buckets.curl(address)).toBe("moved away");
      expect(await buckets.curl(address.replace(/once/, "other"))).toContain("SignatureDoesNotMatch");
      const brief = await buckets.s3(["presign", "s3://artifacts/once", "--expires-in", "1"]);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(await buckets.curl(brief)).toContain("<Message>Request has expired</Message>");
    });

    test("rm removes one key, or all below a prefix", async () => {
      await buckets.s3(["rm", "s3://artifacts/once"]);
      await buckets.s3(["rm", "--recursive", "s3://artifacts/cp/"]);
      const left = await buckets.s3(["ls", "--recursive", "s3://artifacts"]);
      expect(left).not.toMatch(/ (cp\/|once)/);
      expect(left).toContain("moved/large.bin");
    });

    test("rb refuses a bucket that has something in it, unless forced", async () => {
      const refused = buckets.s3(["rb", "s3://artifacts"]);
      expect(await refused.catch((error: Error) => error.message)).toContain("BucketNotEmpty");
      await buckets.s3(["rb", "--force", "s3://artifacts"]);
      expect(await buckets.s3(["ls"])).not.toContain("artifacts");
    });
  });
}
