import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { BodyHold } from "../packages/body.ts";
import { PublishDocument } from "./publish-document.ts";

async function read(text: string, chunk: number) {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, index) =>
    bytes.subarray(index * chunk, (index + 1) * chunk),
  );
  const document = new PublishDocument(Readable.from(chunks, { objectMode: false }), new BodyHold());
  const found = await document.untilTarball();
  const parts: Buffer[] = [];
  if (found) for await (const part of document.tarball()) parts.push(part);
  return { name: document.tarballName, tarball: Buffer.concat(parts), rest: await document.rest() };
}

const TARBALL = randomBytes(1000);
const DATA = TARBALL.toString("base64");
const ATTACHMENTS = { "a-1.0.0.tgz": { content_type: "x", data: DATA, length: 1000 } };
const AROUND = { name: "a", text: 'quotes \\" and ü', list: [1, { data: "kept" }, '"'], _id: "a" };

for (const chunk of [1, 2, 3, 7, 64, 100_000])
  test(`the package is decoded and all else is kept, in chunks of ${chunk} bytes, wherever it stands`, async () => {
    for (const document of [
      { ...AROUND, _attachments: ATTACHMENTS },
      { _attachments: ATTACHMENTS, ...AROUND },
      { _attachments: { ...ATTACHMENTS, "a.sigstore": { data: '{"x":1}' } }, ...AROUND },
    ])
      for (const text of [JSON.stringify(document), JSON.stringify(document, null, 2)])
        for (const written of [text, text.replaceAll("/", "\\/")]) {
          const { name, tarball, rest } = await read(written, chunk);
          expect(name).toBe("a-1.0.0.tgz");
          expect(tarball).toEqual(TARBALL);
          const { _attachments: attachments, ...others } = rest as { _attachments: typeof ATTACHMENTS };
          expect(others).toEqual(AROUND);
          expect(attachments["a-1.0.0.tgz"]).toEqual({ content_type: "x", data: "", length: 1000 });
        }
  });

test("a document without a package is read whole", async () => {
  const document = { name: "a", versions: { "1.0.0": { _attachments: { "a.tgz": { data: "kept" } } } } };
  expect(await read(JSON.stringify(document), 5)).toMatchObject({ name: undefined, rest: document });
});

test("what is no base64, breaks off, nests deep or holds two packages is refused", async () => {
  const one = JSON.stringify({ _attachments: ATTACHMENTS });
  const bad = [
    one.replace(DATA, "AA=A"),
    one.replace(DATA, "A A="),
    one.replace(DATA, 'A\\"AA'),
    one.slice(0, 200),
    one.slice(0, -1),
    one.replace("}}", '},"b-1.0.0.tgz":{"data":""}}'),
    '{"a":'.repeat(65),
    '"text"',
    "",
  ];
  for (const text of bad) for (const chunk of [1, 1000]) await expect(read(text, chunk)).rejects.toThrow();
});

test("documents that come at the same time share one bound of memory", async () => {
  const megabyte = Buffer.alloc(1024 * 1024, "a");
  const holds: BodyHold[] = [];
  const stopped = Promise.withResolvers<void>();
  /** Comes with 60 of 64 megabytes and stays open. */
  async function* half(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"name":"');
    for (let count = 0; count < 60; count++) yield megabyte;
    await stopped.promise;
  }
  const read = (): Promise<unknown> => {
    const hold = new BodyHold();
    holds.push(hold);
    return new PublishDocument(Readable.from(half()), hold).untilTarball().catch((error: unknown) => error);
  };
  const refused = await Promise.race(Array.from({ length: 8 }, read));
  expect(refused).toMatchObject({ status: 429 });
  for (const hold of holds) hold.release();
  const next = new BodyHold();
  const document = new PublishDocument(Readable.from([Buffer.from('{"name":"thing"}')]), next);
  expect(await document.rest()).toEqual({ name: "thing" });
  next.release();
  stopped.resolve();
});
