import { expect, test } from "bun:test";
import { giveBack, lend } from "./lent-memory.ts";

function lent(length: number): Uint8Array {
  const chunk = new Uint8Array(new ArrayBuffer(length)).fill(7);
  lend(chunk);
  return chunk;
}

test("a chunk's memory is free when all of it came back, in whatever pieces", () => {
  const chunk = lent(1000);
  giveBack(chunk.subarray(0, 10));
  giveBack(chunk.subarray(500));
  expect(chunk[20]).toBe(7);
  giveBack(chunk.subarray(10, 500));
  expect(chunk.buffer.byteLength).toBe(0);
  const whole = lent(10);
  giveBack(whole);
  expect(whole.length).toBe(0);
});

test("what was not lent, or is only a part of something, stays", () => {
  const own = new Uint8Array(10).fill(7);
  giveBack(own);
  expect(own[9]).toBe(7);
  const part = new Uint8Array(new ArrayBuffer(20), 5, 10).fill(7);
  lend(part);
  giveBack(part);
  expect(part[9]).toBe(7);
  const shared = new Uint8Array(new SharedArrayBuffer(10)).fill(7);
  lend(shared);
  giveBack(shared);
  expect(shared[9]).toBe(7);
});
