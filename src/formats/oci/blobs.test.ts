import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { BlobMissing } from "../../storage/blobs/errors.ts";
import { authorization, clientOf, code, sha, startTestDoor } from "./testing/test-door.ts";

const door = startTestDoor();
const { ask, pushBlob, raw } = clientOf(door);

describe("pulling blobs", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);

  async function ranged(header: string, more: Record<string, string> = {}): Promise<Response> {
    const digest = await pushBlob(bytes);
    return ask(`/v2/app/blobs/${digest}`, { headers: { range: header, ...more } });
  }

  test("a range is answered in part", async () => {
    const response = await ranged("bytes=10-19");
    expect([response.status, response.headers.get("content-range")]).toEqual([206, "bytes 10-19/1000"]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(10, 20));
  });

  test("a range outside is 416 and tells the size", async () => {
    const response = await ranged("bytes=1000-");
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */1000"]);
  });

  test("several ranges come as multipart/byteranges of the announced length", async () => {
    const response = await ranged("bytes=900-909,0-4");
    expect(response.status).toBe(206);
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(
      response.headers.get("content-type") ?? "",
    )?.[1];
    const body = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get("content-length")).toBe(String(body.length));
    const parts = body.toString("latin1").split(`\r\n--${boundary}`);
    expect(parts.length).toBe(4);
    expect(parts[1]).toContain("Content-Range: bytes 900-909/1000\r\n\r\n");
    expect(Buffer.from(parts[2]?.split("\r\n\r\n")[1] ?? "", "latin1")).toEqual(
      Buffer.from(bytes.slice(0, 5)),
    );
    expect(parts[3]).toBe("--\r\n");
  });

  test("If-Range lets a range count only for the same bytes", async () => {
    expect((await ranged("bytes=0-9", { "if-range": `"${sha(bytes)}"` })).status).toBe(206);
    expect((await ranged("bytes=0-9", { "if-range": '"sha256:other"' })).status).toBe(200);
  });

  test("what the client has already is not sent again", async () => {
    const digest = await pushBlob(bytes);
    expect(
      (await ask(`/v2/app/blobs/${digest}`, { headers: { "if-none-match": `"${digest}"` } })).status,
    ).toBe(304);
  });

  test("a missing blob is BLOB_UNKNOWN, without a body for HEAD", async () => {
    expect(await code(await ask(`/v2/app/blobs/${sha("nothing")}`))).toBe("BLOB_UNKNOWN");
    const head = await raw(
      `HEAD /v2/app/blobs/${sha("nothing")} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    expect(head).toStartWith("HTTP/1.1 404");
    expect(head).toEndWith("\r\n\r\n");
  });

  test("a blob that breaks off in the middle is a failed transfer, not a short one", async () => {
    const digest = await pushBlob(bytes);
    const { getLayer } = door.registry;
    door.registry = {
      ...door.registry,
      getLayer: async (...args) => ({
        ...(await getLayer(...args)),
        open: async () =>
          Readable.from(
            (function* () {
              yield Buffer.alloc(500);
              throw new BlobMissing("the file ends at byte 500");
            })(),
          ),
      }),
    };
    for (const range of ["", "Range: bytes=0-599,600-999\r\n"]) {
      const answer = await raw(
        `GET /v2/app/blobs/${digest} HTTP/1.1\r\nHost: x\r\n${range}Authorization: ${authorization}\r\n\r\n`,
      );
      const announced = Number(/^content-length: (\d+)/im.exec(answer)?.[1]);
      expect(announced).toBeGreaterThanOrEqual(1000);
      // Cut by the server, though the connection was to be kept.
      expect(answer.length - answer.indexOf("\r\n\r\n") - 4).toBeLessThan(announced);
    }
  });

  test("damage is an error of ours, never a success and never told in detail", async () => {
    const digest = await pushBlob(bytes);
    const { getLayer } = door.registry;
    door.registry = {
      ...door.registry,
      getLayer: async (...args) => ({
        ...(await getLayer(...args)),
        open: async () => {
          throw new BlobMissing("/secret/path");
        },
      }),
    };
    const response = await ask(`/v2/app/blobs/${digest}`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });
});
