import { join } from "node:path";
import { BackgroundProcess } from "./background-process.ts";
import { client } from "./client.ts";
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from "./command.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * A Docker engine of our own (root, Linux), beside any that runs already: own data, socket and login file, no
 * networks, as pushing, pulling and building from scratch need none.
 */
export class DockerEngine {
  readonly #process: BackgroundProcess;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(process: BackgroundProcess, folder: ReturnType<typeof temporaryFolder>) {
    this.#process = process;
    this.#folder = folder;
  }

  /** `within` is a command that runs another (`unshare --mount ...`), for an engine that sees other files. */
  static async start(
    options: { within?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<DockerEngine> {
    const folder = temporaryFolder("docker");
    const [program = "", ...args] = [
      ...(options.within ?? []),
      ...[
        client("dockerd"),
        "--data-root",
        join(folder.path, "data"),
        "--exec-root",
        join(folder.path, "exec"),
      ],
      ...["--pidfile", join(folder.path, "pid"), "--host", `unix://${join(folder.path, "socket")}`],
      ...["--iptables=false", "--ip6tables=false", "--bridge=none"],
    ];
    const daemon = BackgroundProcess.start(program, args, { env: options.env ?? {} });
    await daemon.waitFor(/API listen on/, 120);
    return new DockerEngine(daemon, folder);
  }

  get environment(): Record<string, string> {
    return {
      DOCKER_HOST: `unix://${join(this.#folder.path, "socket")}`,
      DOCKER_CONFIG: join(this.#folder.path, "config"),
      DOCKER_BUILDKIT: "0",
    };
  }

  docker(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    return runCommand(client("docker"), args, { ...options, env: { ...this.environment, ...options.env } });
  }

  tryDocker(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return tryCommand(client("docker"), args, { ...options, env: { ...this.environment, ...options.env } });
  }

  async stop(): Promise<void> {
    await this.#process.stop("SIGTERM", 30);
    this.#folder.remove();
  }
}
