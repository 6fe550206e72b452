import { describe, expect, test } from "bun:test";
import { codeOf, IMAGE_TYPE, image, MEBIBYTE, path, sha256, startVictimRegistry } from "./victim-registry.ts";

/** Manifests that are wrong in themselves or for their repository: refused with the reason, nothing stored. */
const victim = startVictimRegistry();
const { ask } = victim;

const indexType = "application/vnd.oci.image.index.v1+json";

describe("manifests", () => {
  const descriptor = (digest: string, fields: object = {}) => ({
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest,
    size: 7,
    ...fields,
  });
  const layer = sha256("a layer");
  const cases: readonly (readonly [what: string, body: string | Uint8Array, code: string, type?: string])[] =
    [
      ["an empty body", "", "MANIFEST_INVALID"],
      ["no JSON", "<html>", "MANIFEST_INVALID"],
      ["JSON that is no object", "[]", "MANIFEST_INVALID"],
      ["JSON cut off in the middle", image().slice(0, -20), "MANIFEST_INVALID"],
      ["4 MiB of opening brackets", "[".repeat(4 * MEBIBYTE), "MANIFEST_INVALID"],
      ["4 MiB of nested objects", '{"a":'.repeat((4 * MEBIBYTE) / 5), "MANIFEST_INVALID"],
      [
        "invalid UTF-8",
        Buffer.concat([
          Buffer.from(image().slice(0, -1)),
          Buffer.from([0x2c, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        ]),
        "MANIFEST_INVALID",
      ],
      ["a member named twice", image().replace("{", '{"schemaVersion":2,'), "MANIFEST_INVALID"],
      [
        "__proto__ as a member",
        image().replace("{", '{"__proto__":{"layers":[]},"layers":{},'),
        "MANIFEST_INVALID",
      ],
      ["schema version 1", image({ schemaVersion: 1 }), "MANIFEST_INVALID"],
      [
        "an unknown media type",
        image({ mediaType: "application/x-unknown" }),
        "MANIFEST_INVALID",
        "application/x-unknown",
      ],
      ["two media types that disagree", image({ annotations: { a: "type" } }), "MANIFEST_INVALID", indexType],
      ["an image that is an index as well", image({ manifests: [] }), "MANIFEST_INVALID"],
      ["layers that are no list", image({ layers: {} }), "MANIFEST_INVALID"],
      [
        "a layer's digest that is none",
        image({ layers: [descriptor("sha256:../../x")] }),
        "MANIFEST_INVALID",
      ],
      ["a negative size", image({ layers: [descriptor(layer, { size: -1 })] }), "MANIFEST_INVALID"],
      ["a size beyond every number", image().replace('"size":7', '"size":1e400'), "MANIFEST_INVALID"],
      ["annotations that are no strings", image({ annotations: { a: 1 } }), "MANIFEST_INVALID"],
      ["a subject that is no descriptor", image({ subject: "x" }), "MANIFEST_INVALID"],
    ];
  for (const [what, body, code, type = IMAGE_TYPE] of cases) {
    test(`${what}: 400 ${code}, by tag and by digest`, async () => {
      for (const reference of ["evil", sha256(body)]) {
        const answer = await ask({
          method: "PUT",
          target: path(`manifests/${reference}`),
          body,
          headers: { "Content-Type": type },
        });
        expect([answer.status, codeOf(answer)]).toEqual([400, code]);
      }
      expect((await ask({ target: path(`manifests/${sha256(body)}`) })).status).toBe(404);
    });
  }

  test("a layer that was never pushed: MANIFEST_BLOB_UNKNOWN that names it", async () => {
    const missing = sha256("never pushed");
    const body = image({ layers: [descriptor(missing)] });
    const answer = await ask({
      method: "PUT",
      target: path("manifests/evil"),
      body,
      headers: { "Content-Type": IMAGE_TYPE },
    });
    expect([answer.status, codeOf(answer)]).toEqual([404, "MANIFEST_BLOB_UNKNOWN"]);
    expect(answer.body).toContain(missing);
  });

  test("20,000 layers that were never pushed: the answer does not repeat them all", async () => {
    const layers = Array.from({ length: 20_000 }, (_, index) => descriptor(sha256(String(index))));
    const answer = await ask({
      method: "PUT",
      target: path("manifests/evil"),
      body: image({ layers }),
      headers: { "Content-Type": IMAGE_TYPE },
    });
    expect([answer.status, codeOf(answer)]).toEqual([404, "MANIFEST_BLOB_UNKNOWN"]);
    expect(answer.body).toContain("and 19900 more");
  });

  test("bytes of another digest: DIGEST_INVALID", async () => {
    const body = image({ annotations: { a: "b" } });
    const target = path(`manifests/${sha256("other")}?tag=evil`);
    const answer = await ask({ method: "PUT", target, body, headers: { "Content-Type": IMAGE_TYPE } });
    expect([answer.status, codeOf(answer)]).toEqual([400, "DIGEST_INVALID"]);
  });

  test("one bad tag among good ones: none is made", async () => {
    const body = image({ annotations: { a: "c" } });
    for (const tags of ["tag=evil&tag=-bad", "tag=evil&tag="]) {
      const target = path(`manifests/${sha256(body)}?${tags}`);
      const answer = await ask({ method: "PUT", target, body, headers: { "Content-Type": IMAGE_TYPE } });
      expect([answer.status, codeOf(answer)]).toEqual([400, "TAG_INVALID"]);
    }
    expect((await ask({ target: path(`manifests/${sha256(body)}`) })).status).toBe(404);
  });

  test("more than 4 MiB, announced or not: 413 without taking it all in", async () => {
    const target = path("manifests/evil");
    const announced = await ask({
      method: "PUT",
      target,
      body: "x",
      announced: 100 * MEBIBYTE,
      headers: { "Content-Type": IMAGE_TYPE },
    });
    expect(announced.status).toBe(413);
    const chunk = Buffer.concat([
      Buffer.from("100000\r\n"),
      Buffer.alloc(MEBIBYTE, "x"),
      Buffer.from("\r\n"),
    ]);
    const chunked = await ask({
      method: "PUT",
      target,
      body: Buffer.concat(Array<Buffer>(8).fill(chunk)),
      headers: { "Content-Type": IMAGE_TYPE, "Transfer-Encoding": "chunked" },
    });
    expect([chunked.status, codeOf(chunked)]).toEqual([413, "SIZE_INVALID"]);
  });

  test("a body that breaks off leaves no image", async () => {
    const body = image({ annotations: { a: "d" } });
    await ask({
      method: "PUT",
      target: path("manifests/evil"),
      body: body.slice(0, 50),
      announced: body.length,
      breakOff: true,
      headers: { "Content-Type": IMAGE_TYPE },
    });
    expect((await ask({ target: path("manifests/evil") })).status).toBe(404);
  });
});
