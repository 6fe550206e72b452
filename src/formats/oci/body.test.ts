import { expect, test } from "bun:test";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { bodyReader } from "./body.ts";

/** A request whose body comes when the test says so. */
function slowRequest(): IncomingMessage & PassThrough {
  return Object.assign(new PassThrough(), { headers: {}, complete: true }) as never;
}

test("bodies that are read at one moment share a budget, and give it back at their end", async () => {
  const read = bodyReader(100);
  const first = slowRequest();
  const reading = read(first, 80);
  first.write(Buffer.alloc(60));
  await new Promise((resolve) => setImmediate(resolve));

  const second = slowRequest();
  const refused = read(second, 80);
  second.end(Buffer.alloc(60));
  await expect(refused).rejects.toMatchObject({ status: 429, code: "TOOMANYREQUESTS" });

  first.end(Buffer.alloc(10));
  expect((await reading).length).toBe(70);
  const third = slowRequest();
  third.end(Buffer.alloc(80));
  expect((await read(third, 80)).length).toBe(80);
});
