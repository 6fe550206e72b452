/** A running server whose buckets are asked for with `aws s3api` and with boto3. */
import { afterAll, beforeAll } from "bun:test";
import { RunningServer } from "../running-server.ts";
import { Boto } from "./boto.ts";
import { running } from "./served-client.ts";

export interface ServedBuckets {
  /** `aws ...`: its output. */
  aws(line: readonly string[]): Promise<string>;
  /** `aws s3api <command> --bucket <bucket> ...`, with its output parsed; undefined when it says nothing. */
  s3api(command: string, bucket: string, ...more: string[]): Promise<unknown>;
  /** What such a command is refused with: `NoSuchCORSConfiguration`. */
  refusal(command: string, bucket: string, ...more: string[]): Promise<string>;
  /** What boto3 gets. */
  s3(operation: string, input: object): Promise<Record<string, unknown>>;
  /** The code of the error that boto3 gets, or `none`. */
  code(operation: string, input: object): Promise<unknown>;
}

/** While the tests around it run. */
export function serveBuckets(): ServedBuckets {
  let server: RunningServer | undefined;
  let boto: Boto | undefined;
  beforeAll(async () => {
    server = await RunningServer.start();
    boto = new Boto(server);
  });
  afterAll(async () => {
    boto?.stop();
    await server?.stop();
  });

  const aws = (line: readonly string[]) => running(server).aws(line);
  const s3 = (operation: string, input: object) => running(boto).ask("s3", operation, input);
  return {
    aws,
    async s3api(command, bucket, ...more) {
      const text = await aws(["s3api", command, "--bucket", bucket, ...more]);
      return text.trim() === "" ? undefined : JSON.parse(text);
    },
    async refusal(command, bucket, ...more) {
      const { stderr } = await running(server).tryAws(["s3api", command, "--bucket", bucket, ...more]);
      return /\((\w+)\)/.exec(stderr)?.[1] ?? stderr;
    },
    s3,
    async code(operation, input) {
      const { error } = (await s3(operation, input)) as { error?: { Code: string } };
      return error?.Code ?? "none";
    },
  };
}
