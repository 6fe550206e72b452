import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { client } from "../client.ts";
import { type CommandResult, runCommand, tryCommand } from "../command.ts";
import type { RunningServer } from "../running-server.ts";

/**
 * A place in which every container client keeps its settings, logins and images of one test, away from the
 * user's own; `login` hands each the password that `aws ecr get-login-password` gives.
 */
export class ClientHome {
  readonly path: string;
  readonly #server: RunningServer;

  constructor(path: string, server: RunningServer) {
    this.path = path;
    this.#server = server;
    // Debian's policy and registries files, where the machine has none (containers-policy.json(5)).
    writeFileSync(join(path, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
    writeFileSync(join(path, "auth.json"), '{"auths":{}}');
  }

  get environment(): Record<string, string> {
    return {
      HOME: this.path,
      XDG_CONFIG_HOME: join(this.path, "config"),
      DOCKER_CONFIG: join(this.path, "docker"),
      REGISTRY_AUTH_FILE: join(this.path, "auth.json"),
      REGCTL_CONFIG: join(this.path, "regctl.json"),
      TMPDIR: this.path,
    };
  }

  /** Flags that keep podman's and buildah's images in this home, on any kernel and filesystem. */
  get storageFlags(): readonly string[] {
    return [
      "--root",
      join(this.path, "root"),
      "--runroot",
      join(this.path, "run"),
      "--storage-driver",
      "vfs",
    ];
  }

  run(program: string, args: readonly string[], input?: string): Promise<string> {
    return runCommand(client(program), args, this.#options(input));
  }

  try(program: string, args: readonly string[], input?: string): Promise<CommandResult> {
    return tryCommand(client(program), args, this.#options(input));
  }

  /** `aws ecr get-login-password | <program> login --username AWS --password-stdin <registry>` */
  async login(program: string, args: readonly string[]): Promise<void> {
    await this.run(program, args, await this.#server.registryPassword());
  }

  #options(input: string | undefined): { env: Record<string, string>; cwd: string; input?: string } {
    return { env: this.environment, cwd: this.path, ...(input === undefined ? {} : { input }) };
  }
}
