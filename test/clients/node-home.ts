import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { client, findClient } from "../client.ts";
import { type CommandResult, runCommand, tryCommand } from "../command.ts";
import type { RunningServer } from "../running-server.ts";

/** Settings of the machine's own clients, which must not decide what a test sees. */
const FOREIGN = /^(?:npm_|pnpm_|yarn_|node_options|ci$)/i;

/** A home of its own for npm, pnpm and yarn, in which `aws codeartifact login` writes what it writes. */
export class NodeHome {
  readonly path: string;
  readonly #server: RunningServer;

  constructor(path: string, server: RunningServer) {
    this.path = path;
    this.#server = server;
    mkdirSync(path, { recursive: true });
  }

  get #environment(): Record<string, string | undefined> {
    const foreign = Object.keys(process.env).filter((name) => FOREIGN.test(name));
    // The CLI runs `npm` by its name.
    const programs = ["npm", "node"].map((name) => dirname(findClient(name) ?? ""));
    return {
      ...Object.fromEntries(foreign.map((name) => [name, undefined])),
      ...this.#server.awsEnvironment,
      HOME: this.path,
      XDG_CONFIG_HOME: join(this.path, ".config"),
      XDG_CACHE_HOME: join(this.path, ".cache"),
      XDG_DATA_HOME: join(this.path, ".local"),
      PATH: [...programs, process.env["PATH"] ?? ""].join(delimiter),
      npm_config_update_notifier: "false",
      // Longer than a test takes to be understood, when something hangs.
      npm_config_fetch_retries: "0",
      YARN_ENABLE_TELEMETRY: "0",
      NO_COLOR: "1",
    };
  }

  run(program: string, args: readonly string[], options: ClientOptions = {}): Promise<string> {
    return runCommand(client(program), args, this.#options(options));
  }

  try(program: string, args: readonly string[], options: ClientOptions = {}): Promise<CommandResult> {
    return tryCommand(client(program), args, this.#options(options));
  }

  write(file: string, content: string | object): string {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, null, 2));
    return path;
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "utf8");
  }

  #options({ folder = "", env = {}, input = "" }: ClientOptions) {
    const cwd = join(this.path, folder);
    mkdirSync(cwd, { recursive: true });
    return { env: { ...this.#environment, ...env }, cwd, input, timeout: 600 };
  }
}

interface ClientOptions {
  /** Below the home. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}
