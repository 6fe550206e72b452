/** What nobody in particular holds up must not be what those who sign need. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, sendRaw } from "./raw-client.ts";
import { S3Signer, type Unsigned } from "./s3-signer.ts";

const MEBIBYTE = 2 ** 20;

test("unsigned documents that never end leave room for those of others", async () => {
  const server = await RunningServer.start();
  const signer = new S3Signer(server.rootKey, server.port);
  const ask = (request: Unsigned): Promise<RawAnswer> => sendRaw(server.port, signer.sign(request));
  const sockets = Array.from({ length: 40 }, () => connect(server.port, "127.0.0.1"));
  const crowd = sockets.map((socket, index) => {
    socket.on("error", () => undefined);
    const length = (index % 2 === 0 ? 8 : 2) * MEBIBYTE;
    socket.write(
      `POST /bucket?delete HTTP/1.1\r\nHost: localhost\r\nContent-MD5: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: ${length}\r\n\r\n`,
    );
    return new Promise<void>((resolve) => {
      const sent = () => resolve();
      socket.write(Buffer.alloc(length - 1, " "), sent);
      socket.once("data", sent);
    });
  });
  try {
    expect((await ask({ method: "PUT", target: "/bucket" })).status).toBe(200);
    await Promise.all(crowd);
    const body = "<Delete><Object><Key>none</Key></Object></Delete>";
    const headers = { "Content-MD5": createHash("md5").update(body).digest("base64") };
    const deleted = await ask({ method: "POST", target: "/bucket?delete", headers, body });
    expect([deleted.status, deleted.body]).toEqual([
      200,
      expect.stringContaining("<Deleted><Key>none</Key>"),
    ]);
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}, 60_000);
