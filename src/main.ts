import { existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { inspect } from "node:util";
import packageFile from "../package.json" with { type: "json" };
import { systemClock } from "./clock.ts";
import { AccountCommandError, readAccountCommand } from "./identity/account-command.ts";
import { AccountExists } from "./identity/accounts.ts";
import { formatEnvironment, readRootKey } from "./identity/environment-command.ts";
import { RootKeyUnusable } from "./identity/root-account.ts";
import { migrations } from "./migrations.ts";
import { DataFolderInUse, DataFolderUnusable, findServer, lockDataFolder } from "./server/data-folder.ts";
import { AddressTaken } from "./server/listener.ts";
import { RootKeyProblem } from "./services/kms/root-key.ts";
import { LifecycleCommandError } from "./services/s3/lifecycle/command-error.ts";
import { type Config, databaseUrl, readConfig, rootAccountSettings } from "./settings/config.ts";
import { ConfigError } from "./settings/errors.ts";
import { commandHelp, GENERAL_HELP } from "./settings/help.ts";
import type { CommandName } from "./settings/table.ts";
import { BlobStoreUnusable } from "./storage/blobs/errors.ts";
import { DatabaseTooNew, MetadataUnavailable } from "./storage/metadata/errors.ts";
import type { Metadata } from "./storage/metadata/metadata.ts";
import { openMetadata } from "./storage/metadata/open.ts";

/** The command line: which command, its settings, and how a mistake is told. The work is elsewhere. */

type Command = (config: Config, words: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<CommandName, Command>> = {
  async serve(config, words) {
    refuseWords("serve", words);
    // Loaded when it is needed: the other commands answer without the whole server.
    const { serve } = await import("./serve.ts");
    await serve(config);
  },
  async env(config, words) {
    refuseWords("env", words);
    const server = findServer(config.data);
    if (!server) {
      throw new ConfigError(
        `No server is ready on ${config.data}. Start one with "shosoin serve", or name its --data.`,
      );
    }
    const settings = rootAccountSettings(config);
    const key = await (config.database
      ? withMetadata(config, (metadata) => readRootKey(settings, metadata))
      : readRootKey(settings));
    if (!key) throw new ConfigError(`There is no root key of account ${config.account} in ${config.data}.`);
    process.stdout.write(formatEnvironment(key, config.region, server.url, server.caFile));
  },
  async account(config, words) {
    const command = readAccountCommand(words);
    refuseEmptyFolder(config);
    process.stdout.write(await withMetadata(config, (metadata) => command(metadata, new Date())));
  },
  async "root-key"(config, words) {
    const { newRootKeyFile, runRootKeyCommand } = await import("./services/kms/root-key-command.ts");
    const newFile = newRootKeyFile(words, config.newRootKeyFile);
    refuseEmptyFolder(config);
    // A server would go on with the old one.
    const folder = await lockDataFolder(config.data);
    try {
      const keys = { current: config.encryptionRootKey, newFile };
      process.stdout.write(
        await withMetadata(config, (metadata) => runRootKeyCommand(metadata, keys, new Date())),
      );
    } finally {
      folder.release();
    }
  },
  async lifecycle(config, words) {
    const { previewedBucket, runLifecyclePreview } = await import(
      "./services/s3/lifecycle/lifecycle-command.ts"
    );
    const bucket = previewedBucket(words);
    refuseEmptyFolder(config);
    // Asked for rules about age, it has to know how long the server's days are.
    const clock = systemClock(findServer(config.data)?.daySeconds ?? config.daySeconds);
    await withMetadata(config, (metadata) =>
      print(runLifecyclePreview(metadata, bucket, { clock, ...config.preview })),
    );
  },
};

/** Mistakes and situations that a sentence explains; everything else is a bug and shows its stack. */
const EXPLAINED = [
  ConfigError,
  AddressTaken,
  DataFolderInUse,
  DataFolderUnusable,
  BlobStoreUnusable,
  AccountCommandError,
  LifecycleCommandError,
  AccountExists,
  RootKeyUnusable,
  RootKeyProblem,
  MetadataUnavailable,
  DatabaseTooNew,
];

/** Resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [first = "help", ...rest] = args;
  try {
    if (first === "version" || first === "--version") {
      process.stdout.write(`${packageFile.version}\n`);
      return 0;
    }
    if (first === "help" || first === "--help" || first === "-h") {
      const [about] = rest;
      process.stdout.write(about !== undefined && isCommand(about) ? commandHelp(about) : GENERAL_HELP);
      return 0;
    }
    if (!isCommand(first))
      throw new ConfigError(`There is no command "${first}". "shosoin help" lists them.`);
    if (rest.includes("--help") || rest.includes("-h")) {
      process.stdout.write(commandHelp(first));
      return 0;
    }
    const { config, words } = readConfig(first, rest, process.env);
    await COMMANDS[first](config, words);
    return 0;
  } catch (error) {
    const explained = EXPLAINED.some((kind) => error instanceof kind) || isSystemError(error);
    process.stderr.write(`shosoin: ${explained ? (error as Error).message : inspect(error)}\n`);
    return explained ? 2 : 1;
  }
}

/** Waits for a reader that is slower than we are; one that leaves (`| head`) ends it quietly. */
async function print(pieces: AsyncIterable<string>): Promise<void> {
  await pipeline(pieces, process.stdout, { end: false }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  });
}

function refuseWords(command: CommandName, words: readonly string[]): void {
  if (words.length > 0) throw new ConfigError(`${command} takes no "${words[0]}". Flags begin with "--".`);
}

/** Only `serve` begins a server's data: elsewhere a folder without it is a mistake. */
function refuseEmptyFolder(config: Config): void {
  if (config.database === undefined && !existsSync(databaseUrl(config)))
    throw new ConfigError(`There is no server's data in ${config.data}. Name its --data, or --database.`);
}

function isCommand(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text);
}

/** `EADDRNOTAVAIL`, `EACCES`: the message names what could not be opened. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

async function withMetadata<Result>(
  config: Config,
  work: (metadata: Metadata) => Promise<Result>,
): Promise<Result> {
  const metadata = await openMetadata(databaseUrl(config), migrations);
  try {
    return await work(metadata);
  } finally {
    await metadata.close();
  }
}

// Everything that is written, keys and artifacts, is for this user only.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
