import { spawn } from "node:child_process";

/** Runs one program to its end: the form in which the tests call every real client. */
export interface CommandResult {
  /** Exit code; 128 and up when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Seconds until the program is killed. */
  readonly timeout?: number;
}

/** Resolves whatever the exit code: for what is expected to be refused. */
export function tryCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      timeout: (options.timeout ?? 120) * 1000,
      killSignal: "SIGKILL",
      stdio: "pipe",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal) stderr += `\n(ended by ${signal})`;
      resolve({ code: code ?? 128, stdout, stderr });
    });
    // A program that does not read its input closes the pipe early; its exit code tells the story.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** Standard output, trimmed; throws with everything the program said when it fails. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await tryCommand(program, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${program} ${args.join(" ")} exited with ${result.code}\n${result.stdout}\n${result.stderr}`,
    );
  }
  return result.stdout.trim();
}
