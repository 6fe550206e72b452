import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Door } from "./door.ts";
import { countingDoor, GET, testServers } from "./testing/test-servers.ts";

const { open, client } = testServers();

describe("clients that do not go on", () => {
  test("a head that never ends is cut, however slowly it drips", async () => {
    const { port } = await open(countingDoor);
    const slow = client(port);
    slow.send("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n");
    while (!slow.closed) {
      slow.send("X: y\r\n");
      await sleep(100);
    }
    expect(slow.received).toBe("");
  });

  test("a connection on which nothing is sent is closed", async () => {
    const { port } = await open(countingDoor);
    expect(await client(port).untilClosed()).toBe("");
  });

  test("an upload that stalls is cut, and its door learns of it", async () => {
    const signal = Promise.withResolvers<AbortSignal>();
    const { port } = await open(async (request, response, arrival) => {
      signal.resolve(arrival.signal);
      await countingDoor(request, response, arrival);
    });
    const stalled = client(port);
    stalled.send("PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhello");
    const aborted = await signal.promise;
    expect(await stalled.untilClosed()).toBe("");
    if (!aborted.aborted) await once(aborted, "abort");
  });

  test("an upload that is slow but moves is not cut", async () => {
    const { port } = await open(countingDoor);
    const slow = client(port);
    slow.send("PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n");
    for (let index = 0; index < 14; index++) {
      await sleep(120);
      slow.send("x");
    }
    await slow.until("read 14 of /v2/");
  });

  test("whoever waits for the server is not cut", async () => {
    const { port } = await open(async (_request, response) => {
      await sleep(2000);
      response.end("at last");
    });
    const patient = client(port);
    patient.send(GET);
    await patient.until("at last");
  });

  const big: Door = async (_request, response, arrival) => {
    const chunk = Buffer.alloc(256 * 1024, "x");
    for (let index = 0; index < 64 && !response.destroyed; index++) {
      if (response.write(chunk)) continue;
      const { signal } = arrival;
      await once(response, "drain", { signal }).catch(() => {});
    }
    response.end("the end");
  };

  test("a reader that takes nothing is cut", async () => {
    const { port, lines } = await open(big);
    const stalled = client(port);
    stalled.send(GET);
    stalled.pause();
    while (!lines.some((line) => line["status"] === 499)) await sleep(50);
    stalled.resume();
    expect(await stalled.untilClosed()).not.toContain("the end");
  });

  test("a reader that is slow but moves gets everything", async () => {
    // What the client takes shows here only when its kernel opens the window again.
    const { port } = await open(big, { stallSeconds: 2 });
    const slow = client(port);
    slow.send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    for (let index = 0; index < 15; index++) {
      slow.pause();
      await sleep(150);
      slow.resume();
      await sleep(20);
    }
    expect(await slow.untilClosed()).toContain("the end");
  });
});

describe("Expect: 100-continue", () => {
  const PUT = "PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

  test("the client is told to go on when the door reads", async () => {
    const { port } = await open(countingDoor);
    const upload = client(port);
    upload.send(PUT);
    await upload.until("HTTP/1.1 100 Continue\r\n\r\n");
    upload.send(`hello${GET}`);
    const answers = await upload.until("read 0 of");
    expect(answers).toContain("read 5 of /v2/");
  });

  test("a refusal before reading comes without 100 and closes the connection", async () => {
    const { port } = await open(async (_request, response) => {
      await sleep(50);
      response.writeHead(401);
      response.end("no");
    });
    const upload = client(port);
    upload.send(PUT);
    const answer = await upload.untilClosed();
    expect(answer).toStartWith("HTTP/1.1 401 ");
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(answer).not.toContain("100 Continue");
  });

  test("a client that is not told to go on is not held to be stalled", async () => {
    const { port } = await open(async (request, response, arrival) => {
      await sleep(1500);
      await countingDoor(request, response, arrival);
    });
    const upload = client(port);
    upload.send(PUT);
    await upload.until("100 Continue");
    upload.send("hello");
    await upload.until("read 5");
  });
});

describe("bodies that nobody reads", () => {
  const refusing: Door = async (_request, response) => {
    response.writeHead(403, { "content-length": 2 });
    response.end("no");
  };

  test("the answer arrives and the connection can be used again", async () => {
    const { port } = await open(refusing);
    const upload = client(port);
    upload.send("PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
    await upload.until("\r\n\r\nno");
    upload.send(Buffer.alloc(1_000_000));
    upload.send(GET);
    await upload.until("noHTTP/1.1 403 ");
  });

  test("a body without end is cut off", async () => {
    const { port } = await open(refusing);
    const upload = client(port);
    upload.send("PUT /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000\r\n\r\n");
    await upload.until("\r\n\r\nno");
    while (!upload.closed) {
      upload.send(Buffer.alloc(4_000_000));
      await sleep(20);
    }
  });
});
