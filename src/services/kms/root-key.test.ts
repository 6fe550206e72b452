import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { temporaryMetadata } from "../../../test/temporary-metadata.ts";
import { migrations } from "./migrations.ts";
import { openRootKey, type RootKeySource } from "./root-key.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const one = randomBytes(32);
const other = randomBytes(32);

async function setUp() {
  const folder = temporaryFolder("root-key");
  const metadata = await temporaryMetadata(migrations);
  const path = join(folder.path, "root.key");
  return {
    path,
    folder: folder.path,
    open: (source: RootKeySource) => openRootKey(metadata, source, NOW),
    file: (make = true): RootKeySource => ({ kind: "file", path, make }),
    async [Symbol.asyncDispose]() {
      await metadata[Symbol.asyncDispose]();
      folder.remove();
    },
  };
}

const text = (bytes: Uint8Array) => `${Buffer.from(bytes).toString("base64")}\n`;

describe("a root key in a file", () => {
  test("is made once, for its owner alone, and stays", async () => {
    await using at = await setUp();
    const { bytes } = await at.open(at.file());
    expect(bytes).toHaveLength(32);
    expect(readFileSync(at.path, "utf8")).toBe(text(bytes));
    expect(statSync(at.path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${at.path}.new`)).toBe(false);
    expect(Buffer.from((await at.open(at.file())).bytes).equals(bytes)).toBe(true);
  });

  test("that is gone is never made anew", async () => {
    await using at = await setUp();
    await at.open(at.file());
    const kept = readFileSync(at.path);
    rmSync(at.path);
    for (const make of [true, false])
      await expect(at.open(at.file(make))).rejects.toThrow(
        /root key of this database is missing.*root\.key.*backup/,
      );
    expect(existsSync(at.path)).toBe(false);
    writeFileSync(at.path, kept);
    await at.open(at.file());
  });

  test("that is another one is refused", async () => {
    await using at = await setUp();
    await at.open(at.file());
    writeFileSync(at.path, text(other));
    await expect(at.open(at.file())).rejects.toThrow(/not the one that this database was made with/);
  });

  test("that a crash left before the database knew of it is taken", async () => {
    await using at = await setUp();
    writeFileSync(at.path, text(one));
    writeFileSync(`${at.path}.new`, "half");
    expect(Buffer.from((await at.open(at.file())).bytes).equals(one)).toBe(true);
  });

  test("is not made for servers that share a database: they are told to be given one", async () => {
    await using at = await setUp();
    await expect(at.open(at.file(false))).rejects.toThrow(
      /share a database need a root key.*--root-key-file/,
    );
    writeFileSync(at.path, text(one));
    await at.open(at.file(false));
  });

  const broken: readonly [string, string][] = [
    ["empty", ""],
    ["31 bytes", randomBytes(31).toString("base64")],
    ["33 bytes", randomBytes(33).toString("base64")],
    ["hexadecimal", one.toString("hex")],
    ["two keys", text(one) + text(other)],
    ["a key with something before it", `key=${text(one)}`],
  ];
  test.each(broken)("that is %s is refused, and not replaced", async (_, content) => {
    await using at = await setUp();
    writeFileSync(at.path, content);
    await expect(at.open(at.file())).rejects.toThrow(/must be 32 bytes in base64/);
    expect(readFileSync(at.path, "utf8")).toBe(content);
  });
});

test("environment and command give the same key as a file does", async () => {
  await using at = await setUp();
  writeFileSync(at.path, text(one));
  await at.open(at.file());
  await at.open({ kind: "environment", text: one.toString("base64") });
  await at.open({ kind: "command", command: `cat ${at.path}` });
  await expect(at.open({ kind: "environment", text: other.toString("base64") })).rejects.toThrow(
    /SHOSOIN_ROOT_KEY is not the one/,
  );
  await expect(at.open({ kind: "command", command: "echo locked >&2; exit 7" })).rejects.toThrow(
    /"echo locked >&2; exit 7"\) failed with 7: locked/,
  );
  // What a command prints is a secret even when it is none: it is not told.
  await expect(at.open({ kind: "command", command: "echo secret" })).rejects.toThrow(
    /^The root key from the command "echo secret" must be 32 bytes/,
  );
});

test("of servers that start at once with different keys, one is refused", async () => {
  await using at = await setUp();
  const started = await Promise.allSettled(
    [one, other].map((bytes) => at.open({ kind: "environment", text: bytes.toString("base64") })),
  );
  expect(started.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});
