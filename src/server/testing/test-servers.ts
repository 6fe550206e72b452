import { afterEach } from "bun:test";
import type { Door } from "../door.ts";
import { type OpenServer, openServer } from "./open-server.ts";
import { RawClient } from "./raw-client.ts";

/** Servers and raw clients that end with the test that opened them. */
export function testServers() {
  const opened: OpenServer[] = [];
  const clients: RawClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(opened.splice(0).map(({ server }) => server.stop(0)));
  });

  return {
    async open(door: Door, options: Parameters<typeof openServer>[1] = {}): Promise<OpenServer> {
      const server = await openServer(door, options);
      opened.push(server);
      return server;
    },
    client(port: number, from?: string): RawClient {
      const client = new RawClient(port, from);
      clients.push(client);
      return client;
    },
  };
}

/** Answers with what it read. */
export const countingDoor: Door = async (request, response) => {
  let size = 0;
  for await (const chunk of request) size += (chunk as Buffer).length;
  response.end(`read ${size} of ${request.url}`);
};

export const GET = "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
