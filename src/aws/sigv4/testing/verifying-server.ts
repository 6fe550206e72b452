/** A server that does nothing but verify, for real clients: it remembers what each request's signature came to. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseSignedRequest } from "../parse.ts";
import { SignatureProblem } from "../problems.ts";
import type { SignedRequest } from "../signed-request.ts";
import { verifySignature } from "../verify.ts";

export interface Verdict {
  readonly target: string;
  /** "accepted", or the situation of the SignatureProblem. */
  readonly outcome: string;
  readonly signed: SignedRequest | undefined;
}

export interface VerifyingServer extends AsyncDisposable {
  readonly url: string;
  readonly verdicts: readonly Verdict[];
}

/** Answers 200 with an empty JSON object to what is signed with `secret`, 403 to everything else. */
export async function startVerifyingServer(secret: string): Promise<VerifyingServer> {
  const verdicts: Verdict[] = [];
  const server = createServer(async (request, response) => {
    const verdict = await verify(request, secret);
    verdicts.push(verdict);
    response.writeHead(verdict.outcome === "accepted" ? 200 : 403, { "content-type": "application/json" });
    response.end("{}");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    verdicts,
    [Symbol.asyncDispose]: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function verify(message: IncomingMessage, secret: string): Promise<Verdict> {
  const hash = createHash("sha256");
  for await (const chunk of message) hash.update(chunk as Uint8Array);
  const target = message.url ?? "";
  const request = { method: message.method ?? "", target, rawHeaders: message.rawHeaders };
  try {
    const signed = parseSignedRequest(request, new Date());
    const declared = signed.payload.kind === "unsigned" || signed.payload.kind === "streaming";
    verifySignature(signed, secret, request, declared ? undefined : hash.digest("hex"));
    return { target, outcome: "accepted", signed };
  } catch (error) {
    if (!(error instanceof SignatureProblem)) throw error;
    return { target, outcome: `${error.situation}: ${error.message}`, signed: undefined };
  }
}
