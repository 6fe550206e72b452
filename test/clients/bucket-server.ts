/** A server over HTTP or HTTPS for the clients of buckets, and trees of files to compare what went in with what came out. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { client } from "../client.ts";
import { type CommandOptions, runCommand } from "../command.ts";
import { RunningServer } from "../running-server.ts";

export const SCHEMES = ["http", "https"] as const;
export type Scheme = (typeof SCHEMES)[number];

export const MEBIBYTE = 1_048_576;

export interface BucketServer {
  readonly server: RunningServer;
  /** The certificate authority's file; undefined over HTTP. */
  readonly authority: string | undefined;
  /** Keys, endpoint and authority in the words of AWS's tools. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `aws s3 ...`: its output; throws when it fails. */
  s3(line: readonly string[], options?: CommandOptions): Promise<string>;
  /** `aws s3api ...`, with its output parsed. */
  s3api(line: readonly string[]): Promise<Record<string, unknown>>;
  /** What an address gives to somebody with no more than curl. */
  curl(...args: string[]): Promise<string>;
}

export async function startBucketServer(scheme: Scheme): Promise<BucketServer> {
  const server = await RunningServer.start({ args: scheme === "https" ? ["--tls", "auto"] : [] });
  const authority = scheme === "https" ? join(server.data, "tls", "ca.pem") : undefined;
  const trust = { AWS_CA_BUNDLE: authority };
  const aws = (args: readonly string[], options: CommandOptions = {}) =>
    server.aws(args, { ...options, env: { ...trust, ...options.env } });
  return {
    server,
    authority,
    environment: { ...server.awsEnvironment, ...trust },
    s3: (line, options) => aws(["s3", ...line], options),
    async s3api(line) {
      const text = await aws(["s3api", ...line, "--output", "json"]);
      return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    },
    curl: (...args) =>
      runCommand(client("curl"), [
        ...["--silent", "--show-error", ...(authority === undefined ? [] : ["--cacert", authority])],
        ...args,
      ]),
  };
}

/** Names that clients and servers get wrong, the empty file, one below and two above the clients' multipart sizes. */
export function sampleFiles(): Map<string, Buffer> {
  return new Map([
    ["app.jar", randomBytes(100_000)],
    ["empty", Buffer.alloc(0)],
    ["large.bin", randomBytes(20 * MEBIBYTE + 1)],
    ["releases/v1.0.0/notes.txt", Buffer.from("first\n")],
    ["releases/v1.0.0/with space + plus & more.txt", Buffer.from("odd\n")],
    ["releases/größe/日本語 100%.txt", Buffer.from("unicode\n")],
  ]);
}

export function writeTree(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, content] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** Path to sha256 of all files below a folder. */
export function readTree(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const files = paths.filter((path) => statSync(path).isFile());
  return Object.fromEntries(
    files.map((path) => [relative(folder, path), sha256(readFileSync(path))] as const).toSorted(byName),
  );
}

/** The same of what is to be there. */
export function digests(files: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([name, bytes]) => [name, sha256(bytes)] as const).toSorted(byName),
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
