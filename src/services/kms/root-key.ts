/**
 * The root key: 32 bytes outside of the database, under which every KMS key's material is sealed. The database keeps a
 * value made from it, so that a server whose root key is missing or another one says so at start instead of making a new
 * one in silence: nothing that was encrypted could be read then.
 *
 * A key is made at most once: by an embedded server whose database never had one. Its file is durable before the
 * database knows of it; a crash in between leaves a file that the next start takes.
 */
import { exec } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Metadata } from "../../storage/metadata/metadata.ts";
import "./tables.ts";

export interface RootKey {
  /** 32 */
  readonly bytes: Uint8Array;
}

/** Where a server has its root key from. */
export type RootKeySource =
  | { readonly kind: "environment"; readonly text: string }
  | { readonly kind: "command"; readonly command: string }
  | {
      readonly kind: "file";
      /** Absolute. */
      readonly path: string;
      /** An embedded server makes the file with its first start; servers that share a database must all be given the same. */
      readonly make: boolean;
    };

/** The server cannot start with the root key it has; the message says what to do. */
export class RootKeyProblem extends Error {
  override readonly name = "RootKeyProblem";
}

const KEY_BYTES = 32;
const COMMAND_MILLISECONDS = 60_000;

/** Throws RootKeyProblem. */
export async function openRootKey(metadata: Metadata, source: RootKeySource, now: Date): Promise<RootKey> {
  const known = await metadata.reader
    .selectFrom("kms_root")
    .select("check_value")
    .where("id", "=", "root")
    .executeTakeFirst();
  const bytes = await read(source, known !== undefined);
  const check = checkValue(bytes);
  const kept = known?.check_value ?? (await keep(metadata, check, now));
  if (kept !== check) {
    throw new RootKeyProblem(
      `The root key from ${sourceName(source)} is not the one that this database was made with, so none of the keys in it can be opened. ` +
        "Give the server the right one with --root-key-file, SHOSOIN_ROOT_KEY or --root-key-command.",
    );
  }
  return { bytes };
}

async function keep(metadata: Metadata, check: string, now: Date): Promise<string> {
  return metadata.write(async (tx) => {
    await tx
      .insertInto("kms_root")
      .values({ id: "root", check_value: check, created_at: now.getTime() })
      // Servers may start at once: all of them then compare theirs with the first one's.
      .onConflict((conflict) => conflict.column("id").doNothing())
      .execute();
    const { check_value } = await tx
      .selectFrom("kms_root")
      .select("check_value")
      .where("id", "=", "root")
      .executeTakeFirstOrThrow();
    return check_value;
  });
}

/** Throws RootKeyProblem when the root key was changed since this server started: what it sealed now could not be opened. */
export async function requireSameRootKey(reader: Metadata["reader"], { bytes }: RootKey): Promise<void> {
  const row = await reader
    .selectFrom("kms_root")
    .select("check_value")
    .where("id", "=", "root")
    .executeTakeFirst();
  if (row === undefined || row.check_value === checkValue(bytes)) return;
  throw new RootKeyProblem(
    "The root key of this database was changed: start this server again with the new one.",
  );
}

/** Of a file that is there, else of one that is made. Throws RootKeyProblem. */
export async function readOrMakeRootKey(path: string): Promise<RootKey> {
  const text = await textOf(path);
  if (text === undefined) return { bytes: await makeFile(path) };
  return { bytes: decode(text, { kind: "file", path, make: false }) };
}

/** A keyed hash says nothing of 32 random bytes. */
export function checkValue(bytes: Uint8Array): string {
  return createHmac("sha256", bytes).update("shosoin root key check 1").digest("hex");
}

async function read(source: RootKeySource, databaseHasOne: boolean): Promise<Uint8Array> {
  if (source.kind === "environment") return decode(source.text, source);
  if (source.kind === "command") return decode(await outputOf(source.command), source);
  const text = await textOf(source.path);
  if (text !== undefined) return decode(text, source);
  if (databaseHasOne) {
    throw new RootKeyProblem(
      `The root key of this database is missing: there is no file ${source.path}. All keys are sealed under it, and what they encrypt cannot be read without it. ` +
        "Put the file back from your backup, or name the key with --root-key-file, SHOSOIN_ROOT_KEY or --root-key-command.",
    );
  }
  if (!source.make) {
    throw new RootKeyProblem(
      `Servers that share a database need a root key, the same for each, and there is no file ${source.path}. ` +
        'Make one ("head -c 32 /dev/urandom | base64 > root.key"), keep a copy in a safe place, and give it to every server with --root-key-file, SHOSOIN_ROOT_KEY or --root-key-command.',
    );
  }
  return makeFile(source.path);
}

function decode(text: string, source: RootKeySource): Uint8Array {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, "base64");
  // Decoding skips what is no base64: only a whole key is accepted.
  if (bytes.byteLength === KEY_BYTES && bytes.toString("base64") === trimmed) return bytes;
  throw new RootKeyProblem(
    `The root key from ${sourceName(source)} must be ${KEY_BYTES} bytes in base64 (44 characters), as "head -c 32 /dev/urandom | base64" prints them.`,
  );
}

function sourceName(source: RootKeySource): string {
  if (source.kind === "environment") return "SHOSOIN_ROOT_KEY";
  return source.kind === "command" ? `the command "${source.command}"` : `the file ${source.path}`;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new RootKeyProblem(`The root key file ${path} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Resolves once the file survives a power cut. A file that came in between stays as it is. */
async function makeFile(path: string): Promise<Uint8Array> {
  const bytes = randomBytes(KEY_BYTES);
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(`${bytes.toString("base64")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
    await rm(temporary);
    const folder = await open(dirname(path), "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw new RootKeyProblem(
      `The root key file ${path} cannot be made: ${messageOf(error)}. Name a place that this user may write with --root-key-file.`,
      { cause: error },
    );
  }
  return bytes;
}

/** What the command prints; what it says on standard error goes into the problem, what it prints does not. */
function outputOf(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    exec(command, { timeout: COMMAND_MILLISECONDS, maxBuffer: 16_384 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim().split("\n").at(-1) ?? "";
      const how = error.killed
        ? `was stopped after ${COMMAND_MILLISECONDS / 1000} seconds`
        : `failed with ${error.code ?? "a signal"}`;
      reject(
        new RootKeyProblem(
          `The command that prints the root key ("${command}") ${how}${said === "" ? "" : `: ${said}`}. Try it in a shell as this server's user.`,
        ),
      );
    });
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, "code") : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
