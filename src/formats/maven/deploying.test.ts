import { expect, test } from "bun:test";
import { Announced } from "./announced.ts";
import { Deploying } from "./deploying.ts";
import { hashesOf } from "./resolve.ts";

test("metadata waits for the files before it, and files wait for metadata that is worked in", async () => {
  const deploying = new Deploying();
  const order: string[] = [];
  const file = Promise.withResolvers<void>();
  const metadata = Promise.withResolvers<void>();
  const first = deploying.file("lib", () => file.promise.then(() => order.push("file")));
  const second = deploying.metadata("lib", async () => {
    order.push("metadata begins");
    await metadata.promise;
    order.push("metadata ends");
  });
  await deploying.file("other", async () => order.push("another package"));
  file.resolve();
  await first;
  await new Promise((resolve) => setTimeout(resolve, 5));
  const third = deploying.file("lib", async () => order.push("late file"));
  metadata.resolve();
  await Promise.all([second, third]);
  expect(order).toEqual(["another package", "file", "metadata begins", "metadata ends", "late file"]);
});

test("a file that fails holds nobody up", async () => {
  const deploying = new Deploying();
  await expect(deploying.file("lib", () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  await expect(deploying.metadata("lib", () => Promise.reject(new Error("refused")))).rejects.toThrow(
    "refused",
  );
  expect(await deploying.file("lib", async () => "done")).toBe("done");
});

test("what metadata named is remembered for a minute, for files that come after it", () => {
  const announced = new Announced();
  const hashes = hashesOf(Buffer.from("text"));
  announced.note("lib", "path", ["1.0"], hashes, 0);
  announced.note("lib", "path", ["1.1"], hashesOf(Buffer.from("other")), 10_000);
  expect(announced.hasNamed("lib", "1.0", 20_000)).toBe(true);
  expect(announced.hasNamed("other", "1.0", 20_000)).toBe(false);
  expect(announced.hashes("path", 20_000)).toHaveLength(2);
  expect(announced.hasNamed("lib", "1.0", 80_000)).toBe(false);
  expect(announced.hashes("path", 80_000)).toBeUndefined();
});
