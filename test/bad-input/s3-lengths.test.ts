/** Bodies of another length than announced, in one piece and in chunks, signed and unsigned. */
import { describe, expect, test } from "bun:test";
import { sha256 } from "./s3-signer.ts";
import { put, said, startVictimBucket } from "./victim-bucket.ts";

const victim = startVictimBucket();
const { send, ask, outcome } = victim;

describe("how much is sent", () => {
  test("no length, or one that is none", async () => {
    const { request } = victim.signer.signed(put({ body: "", payload: "UNSIGNED-PAYLOAD" }));
    const chunked = {
      ...request,
      body: "5\r\nhello\r\n0\r\n\r\n",
      headers: { ...request.headers, "Transfer-Encoding": "chunked" },
    };
    expect(said(await send(chunked))).toBe("501 NotImplemented");
    expect(said(await send(request))).toBe("411 MissingContentLength");
    for (const headers of [
      {},
      { "x-amz-decoded-content-length": "five" },
      { "x-amz-decoded-content-length": "-1" },
    ])
      expect(
        await outcome(
          put({ body: "5\r\nhello\r\n0\r\n\r\n", payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", headers }),
        ),
      ).toBe("411 MissingContentLength");
  });

  test("a body that breaks off leaves nothing, and nobody waits for the rest for ever", async () => {
    for (const payload of ["UNSIGNED-PAYLOAD", sha256("hello")])
      expect((await ask(put({ payload, announced: 1_000, breakOff: true }))).status).toBe(0);
    const headers = { "x-amz-decoded-content-length": "100000" };
    const cut = put({
      body: "186a0\r\nhello",
      payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
      headers,
      announced: 100_100,
      breakOff: true,
    });
    expect((await ask(cut)).status).toBe(0);
    expect((await ask({ method: "HEAD", target: "/bucket/lie" })).status).toBe(404);
  });

  const unsigned = (body: string, length: number, trailer?: string): Promise<string> =>
    outcome(
      put({
        body,
        payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        headers: {
          "content-encoding": "aws-chunked",
          "x-amz-decoded-content-length": String(length),
          ...(trailer !== undefined && { "x-amz-trailer": trailer }),
        },
      }),
    );

  test("chunks of another length than announced, or no chunks at all", async () => {
    for (const [body, length] of [
      ["5\r\nhello\r\n0\r\n\r\n", 4],
      ["5\r\nhello\r\n0\r\n\r\n", 6],
      ["5\r\nhello\r\n", 5],
      ["5\r\nhello\r\n0\r\n", 5],
      ["6\r\nhello\r\n0\r\n\r\n", 5],
      ["hello", 5],
      ["ffffffffffffffffff\r\nhello\r\n0\r\n\r\n", 5],
      [`${"5".repeat(5_000)}\r\nhello`, 5],
      ["5\r\nhello\r\n0\r\n\r\nmore", 5],
    ] as const)
      expect([body.slice(0, 40), await unsigned(body, length)]).toEqual([
        body.slice(0, 40),
        "400 IncompleteBody",
      ]);
    expect(await unsigned(`5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n`, 10)).toBe("400 InvalidChunkSizeError");
  });

  test("trailers that are missing, unannounced, wrong or no checksum", async () => {
    const crc32 = "x-amz-checksum-crc32";
    const body = (trailer: string) => `5\r\nhello\r\n0\r\n${trailer}\r\n`;
    expect(await unsigned(body(""), 5, crc32)).toBe("400 MalformedTrailerError");
    expect(await unsigned(body(`${crc32}:NhCmhg==\r\n`), 5)).toBe("400 MalformedTrailerError");
    expect(await unsigned(body("x-amz-checksum-sha1:NhCmhg==\r\n"), 5, crc32)).toBe(
      "400 MalformedTrailerError",
    );
    expect(await unsigned(body(`${crc32}:AAAAAA==\r\n`), 5, crc32)).toBe("400 BadDigest");
    expect(await unsigned(body(`${crc32}:nonsense\r\n`), 5, crc32)).toBe("400 InvalidRequest");
    expect(await unsigned(body("x-other:1\r\n"), 5, "x-other")).toBe("400 InvalidRequest");
  });

  test("signed chunks: every signature is checked, and the trailer's too", async () => {
    const crc32 = "x-amz-checksum-crc32";
    const attempt = async (
      lie: (frames: { chunk: string; last: string; trailer: string }) => string,
    ): Promise<string> => {
      const headers = { "x-amz-decoded-content-length": "5", "x-amz-trailer": crc32 };
      const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
      const { request, chunk: signing } = victim.signer.signed(put({ body: "", payload, headers }));
      const frames = {
        chunk: signing.frame("hello"),
        last: signing.frame(""),
        trailer: signing.trailer(crc32, "NhCmhg=="),
      };
      return said(await send({ ...request, body: lie(frames) }));
    };
    const honest = ({ chunk, last, trailer }: { chunk: string; last: string; trailer: string }) =>
      `${chunk}${last}${trailer}\r\n`;
    expect(await attempt((frames) => honest(frames).replace("hello", "jello"))).toBe(
      "403 SignatureDoesNotMatch",
    );
    expect(
      await attempt((frames) => honest({ ...frames, last: frames.last.replace(/.\r\n$/, "x\r\n") })),
    ).toBe("400 IncompleteBody");
    expect(
      await attempt((frames) =>
        honest({ ...frames, last: frames.chunk.replace(/^5/, "0").replace("hello\r\n", "") }),
      ),
    ).toBe("403 SignatureDoesNotMatch");
    expect(
      await attempt((frames) => honest({ ...frames, trailer: frames.trailer.replace("NhCmhg", "AAAAAA") })),
    ).toBe("403 SignatureDoesNotMatch");
    expect(await attempt(({ chunk, last }) => `${chunk}${last}${crc32}:NhCmhg==\r\n\r\n`)).toBe(
      "400 MalformedTrailerError",
    );
    expect(await attempt(({ chunk }) => chunk)).toBe("400 IncompleteBody");
    expect(await attempt(honest)).toBe("200");
    expect((await ask({ target: "/bucket/lie" })).body).toBe("hello");
    expect(await outcome({ method: "DELETE", target: "/bucket/lie" })).toBe("204");
  });
});
