import { join } from "node:path";
import { client } from "../test/client.ts";
import { runCommand } from "../test/command.ts";
import type { RunningContender } from "./contenders.ts";

/** Builds and calls the load generator in bench/load (Go, standard library only). */
export interface LoadResult {
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Milliseconds of one operation. */
  readonly p50: number;
  readonly p99: number;
}

export type LoadAction = "push" | "pull" | "manifests" | "get" | "fill";

export class LoadGenerator {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  static async build(folder: string): Promise<LoadGenerator> {
    const program = join(folder, "load");
    await runCommand(client("go"), ["build", "-buildvcs=false", "-o", program, "."], {
      cwd: join(import.meta.dirname, "load"),
      env: { CGO_ENABLED: "0" },
      timeout: 300,
    });
    return new LoadGenerator(program);
  }

  async run(
    target: RunningContender,
    action: LoadAction,
    options: Readonly<Record<string, string | number>>,
  ): Promise<LoadResult> {
    const flags = Object.entries({ url: target.url, authorization: target.authorization, ...options });
    const args = flags.map(([name, value]) => `-${name}=${value}`);
    return JSON.parse(await runCommand(this.#program, [action, ...args], { timeout: 900 }));
  }
}
