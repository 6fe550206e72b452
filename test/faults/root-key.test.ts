/** The root key of a data folder: made once, asked for at each start, and never replaced in silence. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/migrations.ts";
import { openMetadata } from "../../src/storage/metadata/open.ts";
import { tryCommand } from "../command.ts";
import { RegistryClient, sha256 } from "../registry-client.ts";
import { projectRoot, RunningServer } from "../running-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

setDefaultTimeout(60_000);
const place = temporaryFolder("root-keys");
afterAll(() => place.remove());

/** A start that is to fail: exit code 2 and one sentence. */
async function refusal(data: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const command = [join(projectRoot, "src", "main.ts"), "serve", "--listen", "127.0.0.1:0", "--data", data];
  const { code, stderr, stdout } = await tryCommand(process.execPath, [...command, ...args], {
    cwd: place.path,
    timeout: 30,
    env,
  });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect([code, stdout]).toEqual([2, ""]);
  return stderr;
}

test("a folder's root key is made with its first start; without it, or with another, the server does not start", async () => {
  const data = join(place.path, "data");
  const server = await RunningServer.start({ data });
  const file = join(data, "root.key");
  const kept = readFileSync(file, "utf8");
  expect(kept).toMatch(/^[\w+/]{43}=\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const plain = join(place.path, "plain");
  writeFileSync(plain, "the password");
  const key = JSON.parse(await server.aws(["kms", "create-key", "--output", "json"])).KeyMetadata.KeyId;
  const sealed = await server.aws([
    ...["kms", "encrypt", "--key-id", key, "--plaintext", `fileb://${plain}`],
    ...["--query", "CiphertextBlob", "--output", "text"],
  ]);
  await server.kill("SIGTERM");

  rmSync(file);
  expect(await refusal(data)).toMatch(/root key of this database is missing: there is no file .*root\.key/);
  writeFileSync(file, `${randomBytes(32).toString("base64")}\n`);
  expect(await refusal(data)).toMatch(/not the one that this database was made with/);
  const wrong = { SHOSOIN_ROOT_KEY: randomBytes(32).toString("base64") };
  expect(await refusal(data, [], wrong)).toMatch(/from SHOSOIN_ROOT_KEY is not the one/);
  expect(await refusal(data, ["--root-key-command", "cat /nowhere/at/all"])).toMatch(
    /failed with 1: .*No such file/,
  );
  expect(await refusal(data, ["--root-key-file", file], wrong)).toMatch(/exclude each other/);

  // Kept elsewhere, in each of the three ways.
  rmSync(file);
  const elsewhere = join(place.path, "elsewhere.key");
  writeFileSync(elsewhere, kept);
  for (const { args = [], env = {} } of [
    { args: ["--root-key-file", elsewhere] },
    { args: ["--root-key-command", `cat ${elsewhere}`] },
    { env: { SHOSOIN_ROOT_KEY: kept.trim() } },
  ]) {
    const again = await RunningServer.start({ data, args, env, rootKey: server.rootKey });
    writeFileSync(join(place.path, "sealed"), Buffer.from(sealed, "base64"));
    const opened = await again.aws([
      ...["kms", "decrypt", "--ciphertext-blob", `fileb://${join(place.path, "sealed")}`],
      ...["--query", "Plaintext", "--output", "text"],
    ]);
    expect(Buffer.from(opened, "base64").toString()).toBe("the password");
    await again.stop();
  }
});

test("a folder from before there was encryption gets its root key with the next start", async () => {
  const data = join(place.path, "old");
  mkdirSync(data);
  const before = Object.entries(migrations).filter(([name]) => name < "0080" && !name.startsWith("0041"));
  const metadata = await openMetadata(join(data, "metadata.db"), Object.fromEntries(before));
  await metadata.close();
  const server = await RunningServer.start({ data });
  expect(readFileSync(join(data, "root.key"), "utf8")).toMatch(/^[\w+/]{43}=\n$/);
  await server.aws(["kms", "create-key"]);
  await server.restart();
  await server.stop();
});

test("the root key is changed: the new one opens everything, the old one nothing, and not while the server runs", async () => {
  const data = join(place.path, "changed");
  const server = await RunningServer.start({ data });
  const image = new RegistryClient(server.url, await server.registryPassword());
  await server.aws(["ecr", "create-repository", "--repository-name", "app"]);
  const layer = randomBytes(500_000);
  await image.pushLayer("app", layer);
  const { KeyMetadata } = JSON.parse(await server.aws(["kms", "create-key", "--output", "json"]));
  await server.aws(["kms", "rotate-key-on-demand", "--key-id", KeyMetadata.KeyId]);
  const file = join(place.path, "changed.key");
  const change = (args: readonly string[]) =>
    tryCommand(
      process.execPath,
      [join(projectRoot, "src", "main.ts"), "root-key", "change", "--data", data, ...args],
      { cwd: place.path, timeout: 30 },
    );
  // Told at once, also while the server still runs.
  expect((await change([])).stderr).toContain("--new-root-key-file FILE");
  const early = await change(["--new-root-key-file", file]);
  expect([early.code, early.stderr]).toEqual([2, expect.stringContaining("Another Shosoin")]);
  image.close();
  await server.kill("SIGTERM");

  const changed = await change(["--new-root-key-file", file]);
  expect([changed.stderr, changed.code]).toEqual(["", 0]);
  // Two materials of the key, and the server's own.
  expect(changed.stdout).toContain(`3 keys are sealed under the root key in ${file}`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await refusal(data)).toMatch(/root\.key is not the one/);
  expect((await change(["--new-root-key-file", file])).stderr).toMatch(/root\.key is not the one/);

  const again = await RunningServer.start({ data, args: ["--root-key-file", file], rootKey: server.rootKey });
  const client = new RegistryClient(again.url, await again.registryPassword());
  expect((await client.send("GET", `/v2/app/blobs/${sha256(layer)}`)).body.equals(layer)).toBe(true);
  await again.aws(["kms", "generate-data-key", "--key-id", KeyMetadata.KeyId, "--key-spec", "AES_256"]);
  client.close();
  await again.stop();
});
