import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackgroundProcess } from "./background-process.ts";
import { client } from "./client.ts";
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from "./command.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** The real server as a child process on a free port and a data folder of its own: what every black-box test talks to. */
export interface ServerOptions {
  /** An existing data folder; without it a fresh one that goes when the server stops. */
  readonly data?: string;
  /** More flags of `serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Loopback unless the test needs more; port 0 takes a free one. */
  readonly listen?: string;
  /** The root key, when the same one has to hold on another server too. */
  readonly rootKey?: RootKey;
  /** Seconds to wait for the ready line. */
  readonly startSeconds?: number;
  /** Program and arguments before `serve`; `bun src/main.ts` (or what SHOSOIN_TEST_COMMAND says) by default. */
  readonly command?: readonly string[];
}

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export const projectRoot: string = join(import.meta.dirname, "..");

/** How the server is started unless a test says otherwise; test/run sets it for its run on Node. */
function defaultCommand(): readonly string[] {
  const said = process.env["SHOSOIN_TEST_COMMAND"];
  return said ? said.split(" ") : [process.execPath, join(projectRoot, "src", "main.ts")];
}

/** Servers that share a database must be given the same root key. */
function sharedRootKey(args: readonly string[]): Record<string, string> {
  const needed = args.includes("--database") && !args.some((arg) => arg.startsWith("--root-key"));
  return needed ? { SHOSOIN_ROOT_KEY: SHARED_ROOT_KEY } : {};
}

const SHARED_ROOT_KEY = Buffer.alloc(32, "shared").toString("base64");

export class RunningServer {
  readonly data: string;
  readonly rootKey: RootKey;
  readonly #options: ServerOptions;
  readonly #folder: TemporaryFolder | undefined;
  #process: BackgroundProcess | undefined;
  #url = "";

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#folder = options.data === undefined ? temporaryFolder("server") : undefined;
    this.data = options.data ?? this.#folder?.path ?? "";
    this.rootKey = options.rootKey ?? {
      accessKeyId: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
      secretAccessKey: randomBytes(20).toString("hex"),
    };
  }

  static async start(options: ServerOptions = {}): Promise<RunningServer> {
    const server = new RunningServer(options);
    try {
      await server.#launch(options.listen ?? "127.0.0.1:0");
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  async #launch(listen: string): Promise<void> {
    const [program = "", ...before] = this.#options.command ?? defaultCommand();
    const args = [...before, "serve", "--data", this.data, "--listen", listen, ...(this.#options.args ?? [])];
    this.#process = BackgroundProcess.start(program, args, {
      // Not the project's folder, where a shosoin.yaml of the developer may lie.
      cwd: tmpdir(),
      env: {
        // As `npm start` does: collect garbage as on a small machine (docs/performance.md, "Memory").
        BUN_JSC_forceRAMSize: "268435456",
        SHOSOIN_ROOT_ACCESS_KEY_ID: this.rootKey.accessKeyId,
        SHOSOIN_ROOT_SECRET_ACCESS_KEY: this.rootKey.secretAccessKey,
        ...sharedRootKey(this.#options.args ?? []),
        ...this.#options.env,
      },
    });
    const ready = await this.#process.waitFor(
      /Shosoin is ready: (https?:\/\/\S+)/,
      this.#options.startSeconds ?? 30,
    );
    this.#url = (ready[1] ?? "").replace(/\/$/, "");
  }

  /** `http://127.0.0.1:41234` */
  get url(): string {
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  /** `localhost:41234`: what image names begin with. Container clients take plain HTTP for granted there. */
  get registry(): string {
    return `localhost:${this.port}`;
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** Everything the server printed since its last start. */
  get log(): string {
    return this.#running().log;
  }

  /** What `shosoin env` prints, and nothing of the user's own AWS settings. */
  get awsEnvironment(): Record<string, string> {
    return {
      AWS_ACCESS_KEY_ID: this.rootKey.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.rootKey.secretAccessKey,
      AWS_REGION: "us-east-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL: this.#url,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_PAGER: "",
    };
  }

  /** `aws ...` against this server: its output as text; throws when it fails. */
  async aws(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return runCommand(client("aws"), args, { ...options, env: { ...this.awsEnvironment, ...options.env } });
  }

  /** The same for calls that are to be refused. */
  async tryAws(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return tryCommand(client("aws"), args, { ...options, env: { ...this.awsEnvironment, ...options.env } });
  }

  /** A password for `docker login --username AWS`. */
  async registryPassword(): Promise<string> {
    return this.aws(["ecr", "get-login-password"]);
  }

  /** Ends the server with a signal and waits for it; the data stays. Resolves to the exit code. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
    return this.#running().stop(signal);
  }

  /** Starts again on the same data folder and port. */
  async restart(): Promise<void> {
    const listen = `${new URL(this.#url).hostname}:${this.port}`;
    if (this.#running().running) await this.kill("SIGTERM");
    await this.#launch(listen);
  }

  /** Ends the server and removes the data folder that was made for it. */
  async stop(): Promise<void> {
    await this.#process?.stop("SIGTERM");
    this.#folder?.remove();
  }

  #running(): BackgroundProcess {
    if (!this.#process) throw new Error("The server was never started");
    return this.#process;
  }
}
