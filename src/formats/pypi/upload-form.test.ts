import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { BodyHold } from "../packages/body.ts";
import { uploadBody } from "./testing/upload-body.ts";
import { readUploadForm } from "./upload-form.ts";

test("fields of uploads share the bound of all bodies in memory, and leave it when they are done with", async () => {
  const upload = async (): Promise<string | undefined> => {
    const { contentType, bytes } = await uploadBody([
      ["description", "x".repeat(2 * 1024 * 1024)],
      ["content", { fileName: "a-1.0.tar.gz", bytes: Buffer.from("x") }],
    ]);
    return readUploadForm(Readable.from([bytes]), contentType, async ({ file, fields, complete }) => {
      file.resume();
      await complete;
      return fields.get("description")?.slice(0, 1);
    });
  };
  const others = new BodyHold();
  others.add(255 * 1024 * 1024);
  await expect(upload()).rejects.toMatchObject({ status: 429 });
  others.release();
  for (let count = 0; count < 3; count++) expect(await upload()).toBe("x");
  others.add(255 * 1024 * 1024);
  others.release();
});
