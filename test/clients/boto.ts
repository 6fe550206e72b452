import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { client } from "../client.ts";
import type { RootKey, RunningServer } from "../running-server.ts";

/** boto3 as one process that makes a call for each question: starting Python anew for each takes seconds. */
export class Boto {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(server: RunningServer) {
    this.#process = spawn(client("python"), [join(import.meta.dirname, "boto.py")], {
      env: { ...process.env, ...server.awsEnvironment },
    });
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** The output, or the error document's members as `{ error: { Code, Message, ... } }`. One call at a time. */
  async ask(
    service: string,
    operation: string,
    input: object,
    key?: RootKey,
  ): Promise<Record<string, unknown>> {
    const keys = key && { key: [key.accessKeyId, key.secretAccessKey] };
    this.#process.stdin.write(`${JSON.stringify({ service, operation, input, ...keys })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`boto3 ended at ${service} ${operation}`);
    const answer = JSON.parse(value) as { output?: Record<string, unknown> };
    return answer.output ?? answer;
  }

  stop(): void {
    this.#process.stdin.end();
  }
}

export function bytes(content: Uint8Array): object {
  return { $bytes: Buffer.from(content).toString("base64") };
}
