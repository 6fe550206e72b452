import { type ChildProcess, spawn } from "node:child_process";

/** Whatever still runs when the tests end (a suite that hung, a set-up that failed) ends with them. */
const living = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** A server of any make that a test starts, waits for, and stops by its process id. */
export class BackgroundProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #exit: Promise<number>;
  #exited = false;
  #log = "";

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    living.add(child);
    this.#exit = new Promise((resolve) => {
      child.once("exit", (code) => {
        this.#exited = true;
        living.delete(child);
        resolve(code ?? 128);
      });
      child.once("error", (error) => {
        this.#exited = true;
        this.#log += String(error);
        resolve(127);
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
  }

  static start(
    program: string,
    args: readonly string[],
    options: { env?: Readonly<Record<string, string | undefined>>; cwd?: string } = {},
  ): BackgroundProcess {
    const child = spawn(program, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new BackgroundProcess(child, program);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name} did not start: ${this.#log}`);
    return this.#child.pid;
  }

  /** Everything it printed so far, both streams together. */
  get log(): string {
    return this.#log;
  }

  get running(): boolean {
    return !this.#exited;
  }

  /** Waits until its output matches; throws with the output when it ends first or `seconds` pass. */
  async waitFor(pattern: RegExp, seconds = 30): Promise<RegExpExecArray> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const match = pattern.exec(this.#log);
      if (match) return match;
      if (this.#exited) throw new Error(`${this.#name} ended before it was ready:\n${this.#log}`);
      if (Date.now() > deadline) {
        throw new Error(`${this.#name} did not say ${pattern} in ${seconds} s:\n${this.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Sends the signal and waits for the end; after `seconds` it is killed. Resolves to the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM", seconds = 20): Promise<number> {
    if (this.#exited) return this.#exit;
    this.#child.kill(signal);
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), seconds * 1000);
    const code = await this.#exit;
    clearTimeout(killer);
    return code;
  }

  /** Resolves to the exit code when it ends by itself. */
  ended(): Promise<number> {
    return this.#exit;
  }
}
