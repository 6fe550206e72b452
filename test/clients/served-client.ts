import { afterAll, beforeAll } from "bun:test";
import { type RootKey, RunningServer } from "../running-server.ts";

export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly maxAttempts: number;
  readonly credentials: RootKey;
}

/** A client of the AWS SDK and the server that it speaks to, while the tests around it run. */
export interface ServedClient<Client> {
  readonly server: RunningServer;
  readonly client: Client;
}

export function serveClient<Client extends { destroy(): void }>(
  create: (options: ClientOptions) => Client,
): ServedClient<Client> {
  let server: RunningServer | undefined;
  let client: Client | undefined;
  beforeAll(async () => {
    server = await RunningServer.start();
    client = create(optionsFor(server));
  }, 60_000);
  afterAll(async () => {
    client?.destroy();
    await server?.stop();
  });
  return {
    get server() {
      return running(server);
    },
    get client() {
      return running(client);
    },
  };
}

export function optionsFor({ url, rootKey }: RunningServer): ClientOptions {
  return { endpoint: url, region: "us-east-1", maxAttempts: 1, credentials: rootKey };
}

/** What is there only once the tests have begun. */
export function running<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("the server does not run");
  return part;
}

/** What the AWS CLI calls an operation or a member. */
export function kebab(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase();
}
