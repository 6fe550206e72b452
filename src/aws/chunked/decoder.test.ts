import { describe, expect, test } from "bun:test";
import { createHash, createHmac, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { giveBack, lend } from "../../lent-memory.ts";
import type { Region } from "../names.ts";
import { signingKey } from "../sigv4/signing-key.ts";
import { ChunkedDecoder, type ChunkedFraming } from "./decoder.ts";
import { SignatureChain } from "./signature-chain.ts";

/** The example of the S3 API reference, "Transferring Payload in Multiple Chunks". */
const SCOPE = { date: "20130524", region: "us-east-1" as Region, service: "s3" };
const KEY = signingKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", SCOPE);
const SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const signedAt = new Date("2013-05-24T00:00:00Z");
const chain = () => new SignatureChain(KEY, { scope: SCOPE, signedAt, signature: SEED });

async function decode(
  pieces: Iterable<Uint8Array>,
  framing: ChunkedFraming,
): Promise<{ bytes: Buffer; trailers: Record<string, string> }> {
  const decoder = new ChunkedDecoder(framing);
  Readable.from(
    [...pieces].map((piece) => Buffer.from(piece)),
    { objectMode: false },
  ).pipe(decoder);
  const bytes = await buffer(decoder);
  return { bytes, trailers: Object.fromEntries(decoder.trailers) };
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** A body as a client frames and signs it. */
function signedBody(chunks: readonly Uint8Array[], trailer?: readonly [name: string, value: string]): Buffer {
  const scope = "20130524T000000Z\n20130524/us-east-1/s3/aws4_request";
  const empty = createHash("sha256").digest("hex");
  let previous = SEED;
  const sign = (...lines: readonly string[]): string => {
    previous = createHmac("sha256", KEY)
      .update([lines[0], scope, previous, ...lines.slice(1)].join("\n"))
      .digest("hex");
    return previous;
  };
  const parts: Uint8Array[] = [];
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const signature = sign(
      "AWS4-HMAC-SHA256-PAYLOAD",
      empty,
      createHash("sha256").update(chunk).digest("hex"),
    );
    parts.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`));
    if (chunk.length > 0) parts.push(chunk, Buffer.from("\r\n"));
  }
  if (trailer) {
    const line = `${trailer[0]}:${trailer[1]}`;
    const signature = sign(
      "AWS4-HMAC-SHA256-TRAILER",
      createHash("sha256").update(`${line}\n`).digest("hex"),
    );
    parts.push(Buffer.from(`${line}\r\nx-amz-trailer-signature:${signature}\r\n`));
  }
  parts.push(Buffer.from("\r\n"));
  return Buffer.concat(parts);
}

const signed = (decodedLength: number): ChunkedFraming => ({
  decodedLength,
  signatures: chain(),
  endsWithTrailers: false,
});
const unsigned = (decodedLength: number, trailer?: string): ChunkedFraming => ({
  decodedLength,
  trailer,
  endsWithTrailers: true,
});

test("AWS's own example of a body in signed chunks verifies", async () => {
  const first = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
  const second = "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497";
  const last = "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9";
  const body = [
    `10000;chunk-signature=${first}\r\n${"a".repeat(65_536)}\r\n`,
    `400;chunk-signature=${second}\r\n${"a".repeat(1024)}\r\n`,
    `0;chunk-signature=${last}\r\n\r\n`,
  ].join("");
  const { bytes } = await decode([Buffer.from(body)], signed(66_560));
  expect(bytes.toString()).toBe("a".repeat(66_560));
});

describe("however the connection cuts a body, the same bytes come out", () => {
  const content = [randomBytes(8192), randomBytes(9000), Buffer.from("\r\n0\r\n\r\n end")];
  const whole = Buffer.concat(content);
  const body = signedBody(content, ["x-amz-checksum-crc32", "AAAAAA=="]);
  const plain = Buffer.concat([
    ...content.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16).toUpperCase()}\r\n`),
      chunk,
      Buffer.from("\r\n"),
    ]),
    Buffer.from("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
  ]);
  for (const size of [1, 2, 3, 7, 100, 8191, 1_000_000]) {
    test(`in pieces of ${size}`, async () => {
      const framing = { ...signed(whole.length), trailer: "x-amz-checksum-crc32", endsWithTrailers: true };
      const first = await decode(cut(body, size), framing);
      expect(first.bytes.equals(whole)).toBe(true);
      expect(first.trailers).toEqual({ "x-amz-checksum-crc32": "AAAAAA==" });
      const second = await decode(cut(plain, size), unsigned(whole.length, "x-amz-checksum-crc32"));
      expect(second.bytes.equals(whole)).toBe(true);
      expect(second.trailers).toEqual({ "x-amz-checksum-crc32": "AAAAAA==" });
    });
  }
});

test("what is left of lent memory when the content was given back is nothing", async () => {
  const content = [randomBytes(8192), randomBytes(9000)];
  const body = signedBody(content);
  const pieces = [...cut(body, 5000)].map((piece) => new Uint8Array(Array.from(piece)));
  for (const piece of pieces) lend(piece);
  const decoder = new ChunkedDecoder(signed(8192 + 9000));
  Readable.from(pieces).pipe(decoder);
  const came: Buffer[] = [];
  decoder.on("data", (bytes: Buffer) => {
    came.push(Buffer.from(bytes));
    giveBack(bytes);
  });
  await finished(decoder);
  expect(Buffer.concat(came).equals(Buffer.concat(content))).toBe(true);
  expect(pieces.map((piece) => piece.byteLength)).toEqual(pieces.map(() => 0));
});

test("an empty body is its last chunk alone", async () => {
  expect((await decode([signedBody([])], signed(0))).bytes.length).toBe(0);
  expect((await decode([Buffer.from("0\r\n\r\n")], unsigned(0))).bytes.length).toBe(0);
});

/** What is wrong with a body of ten bytes, and what S3 calls it. */
const LIES: Readonly<Record<string, readonly [body: string, code: string, trailer?: string]>> = {
  "a line that ends without CR": ["A\ndummy data\r\n0\r\n\r\n", "IncompleteBody"],
  "no line end after the bytes": ["A\r\ndummy data0\r\n\r\n", "IncompleteBody"],
  "bytes that no chunk has": ["A\r\nXYZ\r\ndummy data\r\n0\r\n\r\n", "IncompleteBody"],
  "a chunk beyond the announced length": ["B\r\ndummy data.\r\n0\r\n\r\n", "IncompleteBody"],
  "fewer bytes than announced": ["5\r\ndummy\r\n0\r\n\r\n", "IncompleteBody"],
  "no last chunk": ["A\r\ndummy data\r\n", "IncompleteBody"],
  "no end": ["A\r\ndummy data\r\n0\r\n", "IncompleteBody"],
  "a size that is no number": ["size\r\ndummy data\r\n0\r\n\r\n", "IncompleteBody"],
  "a negative size": ["-A\r\ndummy data\r\n0\r\n\r\n", "IncompleteBody"],
  "a size beyond all numbers": [`${"f".repeat(40)}\r\ndummy data\r\n0\r\n\r\n`, "IncompleteBody"],
  "a header without end": ["A".repeat(5000), "IncompleteBody"],
  "something after the end": ["A\r\ndummy data\r\n0\r\n\r\nmore", "IncompleteBody"],
  "a signature where none belongs": [
    `A;chunk-signature=${"0".repeat(64)}\r\ndummy data\r\n0\r\n\r\n`,
    "IncompleteBody",
  ],
  "a small chunk before the last": ["5\r\ndummy\r\n5\r\n data\r\n0\r\n\r\n", "InvalidChunkSizeError"],
  "no trailer where one is announced": [
    "A\r\ndummy data\r\n0\r\n\r\n",
    "MalformedTrailerError",
    "x-amz-checksum-crc32",
  ],
  "a trailer that is not announced": [
    "A\r\ndummy data\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
    "MalformedTrailerError",
  ],
  "another trailer than announced": [
    "A\r\ndummy data\r\n0\r\nx-amz-checksum-sha1:AAAAAA==\r\n\r\n",
    "MalformedTrailerError",
    "x-amz-checksum-crc32",
  ],
  "a trailer without a name": [
    "A\r\ndummy data\r\n0\r\n:AAAAAA==\r\n\r\n",
    "MalformedTrailerError",
    "x-amz-checksum-crc32",
  ],
  "trailers without number": [
    `A\r\ndummy data\r\n0\r\n${Array.from({ length: 50 }, (_, index) => `t${index}:x\r\n`).join("")}\r\n`,
    "MalformedTrailerError",
    "x-amz-checksum-crc32",
  ],
  "a trailer that is cut off": [
    "A\r\ndummy data\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n",
    "IncompleteBody",
    "x-amz-checksum-crc32",
  ],
};

describe("a body that lies fails before its end", () => {
  for (const [lie, [body, code, trailer]] of Object.entries(LIES)) {
    test(lie, async () => {
      const bytes = Buffer.from(body);
      for (const size of [1, bytes.length])
        await expect(decode(cut(bytes, size), unsigned(10, trailer))).rejects.toMatchObject({ name: code });
    });
  }
});

describe("of signed chunks every byte counts", () => {
  const content = Buffer.from("dummy data");
  const trailer = ["x-amz-checksum-crc32", "AAAAAA=="] as const;
  const body = signedBody([content], trailer);
  const framing = () => ({ ...signed(10), trailer: trailer[0], endsWithTrailers: true });

  test("as it was signed, it passes", async () => {
    expect((await decode([body], framing())).bytes.equals(content)).toBe(true);
  });

  test("no byte can be changed", async () => {
    for (let at = 0; at < body.length; at++) {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(decode([changed], framing())).rejects.toMatchObject({
        name: expect.stringMatching(/^(SignatureDoesNotMatch|IncompleteBody|MalformedTrailerError)$/),
      });
    }
  });

  test("a chunk cannot be left out, repeated or taken from another place", async () => {
    const [first, second] = [randomBytes(8192), randomBytes(8192)];
    const whole = signedBody([first, second]);
    const chunk = 8192 + "2000;chunk-signature=".length + 64 + 4;
    const without = Buffer.concat([whole.subarray(chunk)]);
    const twice = Buffer.concat([whole.subarray(0, chunk), whole]);
    const turned = Buffer.concat([
      whole.subarray(chunk, 2 * chunk),
      whole.subarray(0, chunk),
      whole.subarray(2 * chunk),
    ]);
    for (const [lie, length] of [
      [without, 8192],
      [twice, 3 * 8192],
      [turned, 2 * 8192],
    ] as const)
      await expect(decode([lie], signed(length))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
    expect((await decode([whole], signed(2 * 8192))).bytes.length).toBe(2 * 8192);
  });

  test("trailers need their signature", async () => {
    const text = body.toString("latin1").replace(/x-amz-trailer-signature:.*\r\n/, "");
    await expect(decode([Buffer.from(text, "latin1")], framing())).rejects.toMatchObject({
      name: "MalformedTrailerError",
    });
  });
});
