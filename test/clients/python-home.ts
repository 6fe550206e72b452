import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { client, findClient } from "../client.ts";
import { type CommandResult, runCommand, tryCommand } from "../command.ts";
import type { RunningServer } from "../running-server.ts";

/** Settings of the machine's own Python clients, which must not decide what a test sees. */
const FOREIGN = /^(?:PIP|UV|POETRY|TWINE|PYTHON)_/;

/** A home of its own for pip, twine, uv and poetry, in which `aws codeartifact login` writes what it writes. */
export class PythonHome {
  readonly path: string;
  readonly #server: RunningServer;

  constructor(path: string, server: RunningServer) {
    this.path = path;
    this.#server = server;
    mkdirSync(path, { recursive: true });
  }

  get #environment(): Record<string, string | undefined> {
    const foreign = Object.keys(process.env).filter((name) => FOREIGN.test(name));
    // The CLI runs `pip` and `twine` by their names.
    const programs = ["pip", "aws"].map((name) => dirname(findClient(name) ?? ""));
    return {
      ...Object.fromEntries(foreign.map((name) => [name, undefined])),
      ...this.#server.awsEnvironment,
      HOME: this.path,
      XDG_CONFIG_HOME: join(this.path, ".config"),
      XDG_CACHE_HOME: join(this.path, ".cache"),
      PATH: [...programs, process.env["PATH"] ?? ""].join(delimiter),
      PIP_NO_INPUT: "1",
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      TWINE_NON_INTERACTIVE: "1",
      POETRY_NO_INTERACTION: "1",
      POETRY_KEYRING_ENABLED: "false",
      POETRY_VIRTUALENVS_IN_PROJECT: "true",
      NO_COLOR: "1",
    };
  }

  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return runCommand(client(program), args, this.#options(env));
  }

  try(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    return tryCommand(client(program), args, this.#options(env));
  }

  /** What `python3 -c` prints with the packages of a folder at hand. */
  python(packages: string, code: string): Promise<string> {
    return runCommand("python3", ["-c", code], this.#options({ PYTHONPATH: packages }));
  }

  write(file: string, text: string | Uint8Array): string {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  #options(env: Readonly<Record<string, string>>) {
    return { env: { ...this.#environment, ...env }, cwd: this.path, timeout: 300 };
  }
}
