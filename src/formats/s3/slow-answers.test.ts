import { expect, test } from "bun:test";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SlowAnswer } from "./slow-answers.ts";

const DOCUMENT =
  '<?xml version="1.0" encoding="UTF-8"?>\n<CopyObjectResult><ETag>"a"</ETag></CopyObjectResult>';

/** What a client gets of an answer that `work` writes. */
async function answered(
  work: (response: ServerResponse, slow: SlowAnswer) => Promise<void>,
): Promise<Response> {
  const server = createServer((_request, response) => {
    void work(response, new SlowAnswer(response, () => ({ "x-amz-request-id": "1" })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return new Response(await answer.text(), answer);
  } finally {
    server.close();
  }
}

test("whoever waits long hears white space, and then a document that is one", async () => {
  const answer = await answered(async (_response, slow) => {
    slow.start(5);
    while (!slow.begun) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    slow.stop();
    slow.finish({ status: 200, headers: {}, body: DOCUMENT });
  });
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("x-amz-request-id")).toBe("1");
  expect(text).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n +<CopyObjectResult>/);
  expect(text.replace(/\n +/, "\n")).toBe(DOCUMENT);
});

test("a quick answer is an answer like any other", async () => {
  const answer = await answered(async (response, slow) => {
    slow.start(60_000);
    slow.stop();
    expect(slow.begun).toBe(false);
    response.writeHead(404).end("no");
  });
  expect([answer.status, await answer.text()]).toEqual([404, "no"]);
});
