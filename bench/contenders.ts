import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { BackgroundProcess } from "../test/background-process.ts";
import { client, findClient } from "../test/client.ts";
import { freePort } from "../test/free-port.ts";
import { RunningServer } from "../test/running-server.ts";
import { writeDistributionImages, writeOciLayoutImages } from "./many-images.ts";

/** The registries that bench/registry.ts compares, each started as its makers mean it to be, on loopback. */
export interface Contender {
  readonly name: string;
  /** What a reader has to know to judge the numbers: authentication and durability. */
  readonly terms: string;
  /** Resolves when it answers. `authorization` is that of an earlier start on the same folder. */
  start(folder: string, authorization?: string): Promise<RunningContender>;
  /** Puts images into a stopped registry's folder in its own layout; absent where its API takes them. */
  readonly writeImages?: (folder: string, repository: string, count: number) => void;
}

export interface RunningContender {
  readonly url: string;
  /** Authorization header; empty where there is none. */
  readonly authorization: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Seconds within which a peer has to answer, however many images it has. */
const startSeconds = 600;

/** Repositories the benchmark pushes to; Shosoin, like ECR, wants them made before. */
const repositories = ["bench", "few", "many"];

const rootKey = { accessKeyId: "AKIABENCHMARK0000000", secretAccessKey: "secret-of-the-benchmark" };

const shosoin: Contender = {
  name: "Shosoin",
  terms: "authentication on; acknowledged writes are on disk (files, folders and rows synced)",
  async start(folder, authorization) {
    const server = await RunningServer.start({ data: folder, rootKey, startSeconds });
    const running = { url: server.url, pid: server.pid, stop: () => server.stop() };
    if (authorization !== undefined) return { ...running, authorization };
    const ecr = new ECRClient({ endpoint: server.url, region: "us-east-1", credentials: rootKey });
    for (const repositoryName of repositories)
      await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const token = await ecr.send(new GetAuthorizationTokenCommand({}));
    ecr.destroy();
    return {
      ...running,
      authorization: `Basic ${token.authorizationData?.[0]?.authorizationToken}`,
    };
  },
};

const dockerRegistry: Contender = {
  name: "docker-registry",
  terms: "Debian's; no authentication; syncs its files (seen with strace), not its folders",
  writeImages: writeDistributionImages,
  start: (folder) =>
    startPeer(client("docker-registry"), folder, "config.yml", (port) =>
      [
        "version: 0.1",
        "log: {level: error}",
        `storage: {filesystem: {rootdirectory: "${folder}"}}`,
        `http: {addr: "127.0.0.1:${port}"}`,
      ].join("\n"),
    ),
};

function zot(program: string, commit: boolean): Contender {
  return {
    name: commit ? "zot (commit)" : "zot",
    terms: commit
      ? "no authentication; commit: true, which syncs files"
      : "no authentication; its default, which syncs its cache database only: a power cut may lose what it acknowledged",
    writeImages: writeOciLayoutImages,
    start: (folder) =>
      startPeer(program, folder, "config.json", (port) =>
        JSON.stringify({
          distSpecVersion: "1.1.1",
          storage: { rootDirectory: folder, gc: false, commit },
          http: { address: "127.0.0.1", port: String(port) },
          log: { level: "error" },
        }),
      ),
  };
}

/** Those that are installed here; zot when there is a `zot` program in the test cache or in PATH. */
export function contenders(): readonly Contender[] {
  const found = [shosoin];
  if (findClient("docker-registry")) found.push(dockerRegistry);
  const zotProgram = findClient("zot");
  if (zotProgram) found.push(zot(zotProgram, true), zot(zotProgram, false));
  return found;
}

async function startPeer(
  program: string,
  folder: string,
  configName: string,
  config: (port: number) => string,
): Promise<RunningContender> {
  const port = await freePort();
  const configPath = join(folder, "..", configName);
  writeFileSync(configPath, config(port));
  const peer = BackgroundProcess.start(program, ["serve", configPath]);
  const url = `http://127.0.0.1:${port}`;
  await waitForAnswer(`${url}/v2/`, "", () => peer.running);
  return {
    url,
    authorization: "",
    pid: peer.pid,
    stop: async () => {
      await peer.stop();
    },
  };
}

/**
 * Waits until a server has rested for three seconds, `seconds` at most: zot walks all its blobs after a start, and
 * measured meanwhile it would look a thousand times slower than it is. Resolves to the seconds waited (Linux only).
 */
export async function settle(target: RunningContender, seconds: number): Promise<number> {
  const began = Date.now();
  let used = processorTicks(target.pid);
  while (Date.now() - began < seconds * 1000) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const now = processorTicks(target.pid);
    if (now - used < 10) break;
    used = now;
  }
  return (Date.now() - began) / 1000;
}

/** User and system time of a process in hundredths of a second (proc_pid_stat(5), fields 14 and 15). */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

async function answers(url: string, authorization: string): Promise<boolean> {
  try {
    // Without Accept docker-registry says that there is no such OCI image.
    const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
    const response = await fetch(url, {
      headers: authorization === "" ? headers : { ...headers, authorization },
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Asks every 5 milliseconds until the answer is a good one; throws after startSeconds or when `alive` says no. */
export async function waitForAnswer(
  url: string,
  authorization: string,
  alive: () => boolean = () => true,
): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000;
  while (!(await answers(url, authorization))) {
    if (!alive() || Date.now() > deadline) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
