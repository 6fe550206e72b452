import { afterAll, beforeAll, expect } from "bun:test";
import { RunningServer } from "../running-server.ts";
import { type RawAnswer, type RawRequest, sendRaw } from "./raw-client.ts";
import { S3Signer, type Unsigned } from "./s3-signer.ts";

/**
 * A server with one object, `kept` in `bucket`, that strangers and broken clients work on. After all of their requests
 * that object is still the only one, and none of them was an error of the server's own.
 */
export interface VictimBucket {
  readonly server: RunningServer;
  /** With the key of the bucket's owner. */
  readonly signer: S3Signer;
  /** As it is. */
  send(request: RawRequest): Promise<RawAnswer>;
  /** Signed by the bucket's owner. */
  ask(request: Unsigned): Promise<RawAnswer>;
  /** What is said to the same. */
  outcome(request: Unsigned): Promise<string>;
}

/** Starts, is checked and stops with the file that calls it. */
export function startVictimBucket(): VictimBucket {
  let server: RunningServer | undefined;
  const victim: VictimBucket = {
    get server(): RunningServer {
      if (server === undefined) throw new Error("the server is not started yet");
      return server;
    },
    get signer(): S3Signer {
      return new S3Signer(victim.server.rootKey, victim.server.port);
    },
    send: (request) => sendRaw(victim.server.port, request),
    ask: (request) => victim.send(victim.signer.sign(request)),
    outcome: async (request) => said(await victim.ask(request)),
  };

  beforeAll(async () => {
    server = await RunningServer.start();
    expect(await victim.outcome({ method: "PUT", target: "/bucket" })).toBe("200");
    expect(await victim.outcome(put({ target: "/bucket/kept" }))).toBe("200");
  });

  afterAll(async () => {
    try {
      // Whatever was refused left nothing behind, and the server is alive to say so.
      const listed = await victim.ask({ target: "/bucket?versions" });
      expect([...listed.body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key)).toEqual(["kept"]);
      expect(victim.server.log).not.toContain('"level":50');
    } finally {
      await server?.stop();
    }
  });

  return victim;
}

/** `400 BadDigest`, or the status alone. */
export function said(answer: RawAnswer): string {
  const code = /<Code>([^<]*)<\/Code>/.exec(answer.body)?.[1];
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}

/** An honest upload, with what is to be a lie over it. */
export const put = (more: Partial<Unsigned> = {}): Unsigned => ({
  method: "PUT",
  target: "/bucket/lie",
  body: "hello",
  ...more,
});
