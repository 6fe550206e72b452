import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { openSync, writeFileSync } from "node:fs";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { FileReadable } from "./file-readable.ts";
import { sendBytes } from "./send-bytes.ts";

const place = temporaryFolder("send");
const path = join(place.path, "file");
const bytes = randomBytes(20 * 1024 * 1024 + 3);
let server: Server;
/** What the last `sendBytes` came to. */
let outcome: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  writeFileSync(path, bytes);
  server = createServer((request, response) => {
    const [, kind, start = "", end = ""] = (request.url ?? "").split("/");
    const file = new FileReadable(openSync(path, "r"), Number(start), Number(end));
    response.setHeader("content-length", Number(end) - Number(start) + 1);
    // Another stream stands for what an S3 store gives.
    const body = kind === "file" ? file : Readable.from(file, { objectMode: false });
    outcome = sendBytes(body, response).then(
      () => "sent",
      (error: unknown) => error,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  place.remove();
});

for (const kind of ["file", "other"]) {
  test(`${kind}: a slow client gets every byte right although buffers are used again`, async () => {
    const response = await ask(`/${kind}/0/${bytes.length - 1}`);
    const hash = createHash("sha256");
    let count = 0;
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      if (++count % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(await outcome).toBe("sent");
  });

  test(`${kind}: ranges over the borders of buffers`, async () => {
    for (const [start, end] of [
      [0, 0],
      [1_048_575, 1_048_576],
      [1_000_000, 4_000_000],
      [bytes.length - 1, bytes.length - 1],
    ] as const) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await ask(`/${kind}/${start}/${end}`)) as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
      }
      expect(Buffer.concat(chunks).equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  test(`${kind}: a client that goes away ends the sending with an error`, async () => {
    const response = await ask(`/${kind}/0/${bytes.length - 1}`);
    response.on("error", () => undefined);
    response.destroy();
    expect(await outcome).toBeInstanceOf(Error);
  });
}

test("a file that ends too early is an error, not a short answer", async () => {
  const response = await ask(`/file/${bytes.length - 10}/${bytes.length + 10}`);
  const reading = (async () => {
    for await (const _ of response);
  })();
  await expect(reading).rejects.toThrow();
  expect(await outcome).toMatchObject({ name: "BlobMissing" });
});

function ask(target: string): Promise<IncomingMessage> {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: target, agent: false }, resolve).on("error", reject);
  });
}
