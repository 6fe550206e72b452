import { expect, test } from "bun:test";
import { withProgress } from "./progress.ts";

async function* numbers(count: number) {
  for (let number = 0; number < count; number++) yield number;
}

test("long work says every five seconds how far it has come, short work says nothing", async () => {
  const run = async (millisecondsEach: number) => {
    let time = 0;
    const told: number[] = [];
    const seen: number[] = [];
    const now = () => {
      time += millisecondsEach;
      return time;
    };
    for await (const number of withProgress(numbers(20), (count) => told.push(count), now)) seen.push(number);
    expect(seen).toHaveLength(20);
    return told;
  };
  expect(await run(1_000)).toEqual([5, 10, 15, 20]);
  expect(await run(1)).toEqual([]);
});
