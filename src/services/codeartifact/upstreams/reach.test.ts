import { expect, test } from "bun:test";
import { Agents } from "./agents.ts";
import { isInside } from "./reach.ts";
import { HostileUpstream, respond } from "./testing/hostile-upstream.ts";
import { UpstreamRefused } from "./upstreams.ts";

test.each([
  ["127.0.0.1", true],
  ["10.20.30.40", true],
  ["172.31.0.1", true],
  ["172.32.0.1", false],
  ["192.168.1.1", true],
  ["169.254.169.254", true],
  ["0.0.0.0", true],
  ["8.8.8.8", false],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["::ffff:7f00:1", true],
  ["fe80::1", true],
  ["fd00::1", true],
  ["::127.0.0.1", true],
  ["64:ff9b::a9fe:a9fe", true],
  ["64:ff9b::808:808", false],
  ["2002:7f00:1::", true],
  ["fec0::1", true],
  ["ff02::1", true],
  ["198.18.0.1", true],
  ["224.0.0.1", true],
  ["255.255.255.255", true],
  ["2001:db8::1", false],
  ["2606:4700::1", false],
  ["registry.example", false],
])("%s is inside: %p", (address, inside) => {
  expect(isInside(address)).toBe(inside);
});

test("an upstream outside cannot lead this server to itself, by address or by name", async () => {
  const inner = await HostileUpstream.start();
  const agents = new Agents({}, 1000, new AbortController().signal);
  const outside = { baseUrl: "http://192.0.2.1/" };
  for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]) {
    const url = new URL(`http://${host}:${inner.port}/latest/meta-data`);
    await expect(agents.get(url, outside, {})).rejects.toThrow(UpstreamRefused);
  }
  expect(inner.requests).toEqual([]);
  agents.close();
  inner.stop();
});

test("an upstream inside may lead to another host inside", async () => {
  const inner = await HostileUpstream.start();
  inner.on("/file", respond(200, {}, "file"));
  const agents = new Agents({}, 1000, new AbortController().signal);
  const url = new URL(`http://localhost:${inner.port}/file`);
  const { response, release } = await agents.get(url, { baseUrl: "http://127.0.0.1:1/" }, {});
  expect(response.statusCode).toBe(200);
  response.destroy();
  release();
  agents.close();
  inner.stop();
});
