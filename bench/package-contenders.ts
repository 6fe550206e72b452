import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AssociateExternalConnectionCommand,
  CodeartifactClient,
  CreateDomainCommand,
  CreateRepositoryCommand,
  GetAuthorizationTokenCommand,
  UpdateRepositoryCommand,
} from "@aws-sdk/client-codeartifact";
import { PUBLIC_CONNECTIONS } from "../src/services/codeartifact/upstreams/connections.ts";
import { BackgroundProcess } from "../test/background-process.ts";
import { findClient } from "../test/client.ts";
import { runCommand } from "../test/command.ts";
import { freePort } from "../test/free-port.ts";
import { RunningServer } from "../test/running-server.ts";

/** The package servers that bench/packages.ts compares, each a cache of the same public upstreams. */
export interface PackageContender {
  readonly name: string;
  readonly terms: string;
  start(folder: string): Promise<RunningPackages>;
}

export interface RunningPackages {
  readonly pid: number;
  /** Addresses that end in a slash; absent where the format is not served. */
  readonly npm?: string;
  /** What pip calls the index URL. */
  readonly pypi?: string;
  /** Authorization header; empty where there is none. */
  readonly authorization: string;
  readonly client?: CodeartifactClient;
  stop(): Promise<void>;
}

const rootKey = { accessKeyId: "AKIABENCHMARK0000000", secretAccessKey: "secret-of-the-benchmark" };

export const domain = "bench";
export const repository = "packages";

const shosoin: PackageContender = {
  name: "Shosoin",
  terms: "a token is checked and its permissions evaluated at each request",
  async start(folder) {
    const server = await RunningServer.start({ data: join(folder, "data"), rootKey });
    const client = new CodeartifactClient({
      endpoint: server.url,
      region: "us-east-1",
      credentials: rootKey,
    });
    await client.send(new CreateDomainCommand({ domain }));
    await client.send(new CreateRepositoryCommand({ domain, repository }));
    for (const externalConnection of ["public:npmjs", "public:pypi"]) {
      const store = externalConnection.replace("public:", "store-");
      await client.send(new CreateRepositoryCommand({ domain, repository: store }));
      await client.send(
        new AssociateExternalConnectionCommand({ domain, repository: store, externalConnection }),
      );
    }
    await client.send(
      new UpdateRepositoryCommand({
        ...{ domain, repository },
        upstreams: [{ repositoryName: "store-npmjs" }, { repositoryName: "store-pypi" }],
      }),
    );
    const { authorizationToken } = await client.send(new GetAuthorizationTokenCommand({ domain }));
    const endpoint = (format: string) =>
      `${server.url}/-/codeartifact/us-east-1/${domain}-123456789012/${format}/${repository}/`;
    return {
      ...{ pid: server.pid, client, npm: endpoint("npm"), pypi: `${endpoint("pypi")}simple/` },
      authorization: `Bearer ${authorizationToken}`,
      stop: async () => {
        client.destroy();
        await server.stop();
      },
    };
  },
};

function verdaccio(program: string): PackageContender {
  return {
    name: "Verdaccio",
    terms: "no authentication; on the machine's own Node",
    async start(folder) {
      const port = await freePort();
      const configPath = join(folder, "config.yaml");
      const upstream = PUBLIC_CONNECTIONS.find(({ name }) => name === "public:npmjs")?.baseUrl;
      writeFileSync(
        configPath,
        [
          `storage: ${join(folder, "storage")}`,
          `uplinks: {npmjs: {url: "${upstream}", maxage: 30m}}`,
          'packages: {"**": {access: $all, publish: $all, proxy: npmjs}}',
          "log: {type: stdout, format: json, level: error}",
        ].join("\n"),
      );
      const peer = BackgroundProcess.start(program, [
        "--config",
        configPath,
        "--listen",
        `127.0.0.1:${port}`,
      ]);
      const npm = `http://127.0.0.1:${port}/`;
      await waitForAnswer(`${npm}-/ping`, peer);
      return { pid: peer.pid, npm, authorization: "", stop: async () => void (await peer.stop()) };
    },
  };
}

function devpi(init: string, server: string): PackageContender {
  return {
    name: "devpi",
    terms: "no authentication; its mirror of the public index",
    async start(folder) {
      const port = await freePort();
      const data = join(folder, "devpi");
      await runCommand(init, ["--serverdir", data]);
      const peer = BackgroundProcess.start(server, [
        ...["--serverdir", data, "--host", "127.0.0.1", "--port", String(port)],
      ]);
      const pypi = `http://127.0.0.1:${port}/root/pypi/+simple/`;
      await waitForAnswer(`http://127.0.0.1:${port}/+status`, peer);
      return { pid: peer.pid, pypi, authorization: "", stop: async () => void (await peer.stop()) };
    },
  };
}

/** Those that are installed here (scripts/install-test-clients --bench). */
export function packageContenders(): readonly PackageContender[] {
  const found = [shosoin];
  const verdaccioProgram = findClient("verdaccio");
  if (verdaccioProgram) found.push(verdaccio(verdaccioProgram));
  const [init, server] = [findClient("devpi-init"), findClient("devpi-server")];
  if (init && server) found.push(devpi(init, server));
  return found;
}

/** devpi reads the list of all names of its upstream before it answers, which takes a minute. */
async function waitForAnswer(url: string, peer: BackgroundProcess): Promise<void> {
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (!peer.running) throw new Error(`${url} does not answer: ${peer.log}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
