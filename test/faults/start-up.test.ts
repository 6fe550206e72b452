import { afterAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { tryCommand } from "../command.ts";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const place = temporaryFolder("start-up");
afterAll(() => place.remove());

/** `shosoin serve` with what it cannot work with; `as` is the user that runs it. */
async function serve(args: readonly string[], as: readonly string[] = []) {
  const [program = "", ...rest] = [...as, process.execPath, join(projectRoot, "src", "main.ts")];
  const data = args.includes("--data") ? [] : ["--data", join(place.path, "unused")];
  return tryCommand(program, [...rest, "serve", "--listen", "127.0.0.1:0", ...data, ...args], {
    cwd: place.path,
    timeout: 30,
    env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  });
}

function folder(name: string): string {
  const path = join(place.path, name);
  mkdirSync(path);
  return path;
}

describe("a server that cannot start says what is wrong and what to do, in a sentence", () => {
  const situations: Readonly<
    Record<string, { args: () => readonly string[] | Promise<readonly string[]>; says: RegExp }>
  > = {
    "a database that nobody listens for": {
      args: () => ["--database", "postgres://user@127.0.0.1:1/name"],
      says: /metadata database 127\.0\.0\.1:1\/name is not available: .*ECONNREFUSED/,
    },
    "a database that is none we know": {
      args: () => ["--database", "mysql://127.0.0.1/name"],
      says: /--database .* must be postgres:/,
    },
    "an object store that nobody listens for": {
      args: () => ["--blobs", "s3://bucket/?endpoint=http://127.0.0.1:1"],
      says: /bucket bucket at http:\/\/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED.*Check --blobs/,
    },
    "an object store with a mistyped parameter": {
      args: () => ["--blobs", "s3://bucket/?endpiont=http://127.0.0.1:1"],
      says: /unknown parameter: endpiont/,
    },
    "a data folder that is a file": {
      args: () => {
        writeFileSync(join(place.path, "a-file"), "");
        return ["--data", join(place.path, "a-file")];
      },
      says: /data folder .*a-file cannot be used: .*--data/,
    },
    "a database file that is none": {
      args: () => {
        const data = folder("damaged");
        writeFileSync(join(data, "metadata.db"), randomBytes(20_000));
        return ["--data", data];
      },
      says: /metadata database .*metadata\.db cannot be opened: file is not a database/,
    },
    "a data folder of a newer version": {
      args: async () => {
        const data = folder("newer");
        const up = async () => {};
        const metadata = await openMetadata(join(data, "metadata.db"), {
          ...migrations,
          "9999-of-the-future": { up },
        });
        await metadata.close();
        return ["--data", data];
      },
      says: /newer version of Shosoin \(9999-of-the-future\): start that version/,
    },
  };

  for (const [situation, { args, says }] of Object.entries(situations)) {
    test(situation, async () => {
      const { code, stderr, stdout } = await serve(await args());
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(stdout).toBe("");
      expect(code).toBe(2);
    });
  }

  test.skipIf(process.getuid?.() !== 0)("a data folder that it may not write", async () => {
    const data = folder("not-ours");
    chmodSync(data, 0o555);
    chmodSync(place.path, 0o755);
    // As root everything may be written.
    const nobody = ["setpriv", "--reuid=65534", "--clear-groups"];
    const { code, stderr } = await serve(["--data", data], nobody);
    expect(stderr).toMatch(/data folder .*not-ours cannot be used: .*--data/);
    expect(code).toBe(2);
  });
});

test("a layer whose file is gone is an error of the server, told and logged; everything else goes on", async () => {
  const server = await RunningServer.start();
  try {
    await server.aws(["ecr", "create-repository", "--repository-name", "damaged"]);
    const client = new RegistryClient(server.url, await server.registryPassword());
    const [lost, kept] = [randomBytes(5000), randomBytes(6000)];
    await client.pushLayer("damaged", lost);
    const blobs = join(server.data, "blobs");
    for (const name of readdirSync(blobs)) rmSync(join(blobs, name), { recursive: true });
    await client.pushLayer("damaged", kept);

    const answer = await client.send("GET", `/v2/damaged/blobs/${sha256(lost)}`);
    expect(answer.status).toBe(500);
    expect(answer.headers["x-amzn-requestid"]).toBeDefined();
    expect((await client.send("GET", `/v2/damaged/blobs/${sha256(kept)}`)).body.equals(kept)).toBe(true);
    client.close();
    await server.kill("SIGTERM");
    expect(server.log).toMatch(/a blob is damaged/);
  } finally {
    await server.stop();
  }
});
