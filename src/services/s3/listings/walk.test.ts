import { expect, test } from "bun:test";
import { type Scan, walk } from "./walk.ts";

test("what lies in a folder is not read where only the folder is asked for", async () => {
  const keys = ["a", "b"].flatMap((folder) =>
    Array.from({ length: 100_000 }, (_, at) => `${folder}/${String(at).padStart(6, "0")}`),
  );
  keys.push("c");
  let read = 0;
  const scan: Scan<{ readonly key: string }> = async (from, limit) => {
    const begin = from === undefined ? "" : "at" in from ? from.at : `${from.after.key}\0`;
    const first = keys.findIndex((key) => key >= begin);
    const rows = first < 0 ? [] : keys.slice(first, first + limit).map((key) => ({ key }));
    read += rows.length;
    return rows;
  };
  const page = await walk(scan, { prefix: "", delimiter: "/", marker: "", max: 1000 });
  expect(page.entries.map((entry) => ("commonPrefix" in entry ? entry.commonPrefix : entry.key))).toEqual([
    "a/",
    "b/",
    "c",
  ]);
  expect(read).toBeLessThan(200);
});
