/** Requests of the benchmark: signed by a few lines that cost each contender the same, over connections that stay open. */
import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:http";
import { bucket, type RunningS3 } from "./s3-contenders.ts";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

export function endConnections(): void {
  agent.destroy();
}

export interface Answer {
  readonly etag: string;
  /** Of documents; the bytes of an object are counted and dropped. */
  readonly body: string;
}

/** Content with a beginning of its own, without a copy of all of it. */
export function unlike(number: number, content: Buffer): readonly Uint8Array[] {
  const beginning = Buffer.alloc(8);
  beginning.writeUInt32BE(number, 0);
  return [beginning, content.subarray(beginning.length)];
}

/** Asks again where the server had closed the connection just when the request was sent. */
export async function call(...what: Parameters<typeof ask>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(...what);
    } catch (error) {
      const reset = error instanceof Error && "code" in error && error.code === "ECONNRESET";
      if (!reset || tries === 3) throw error;
    }
  }
}

/** One request, signed by Signature Version 4 without a hash of its body, as SDKs do over https. */
function ask(
  { url, keys }: RunningS3,
  method: string,
  key: string,
  body?: readonly Uint8Array[],
  query = "",
): Promise<Answer> {
  const { hostname, port, host } = new URL(url);
  const path = `/${bucket}${key === "" ? "" : `/${key.split("/").map(encodeURIComponent).join("/")}`}`;
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [
    ...[method, path, query],
    ...[`host:${host}`, "x-amz-content-sha256:UNSIGNED-PAYLOAD", `x-amz-date:${time}`, ""],
    ...[signed, "UNSIGNED-PAYLOAD"],
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")];
  const hmac = (secret: string | Buffer, text: string) => createHmac("sha256", secret).update(text).digest();
  let signingKey = hmac(`AWS4${keys.secretAccessKey}`, time.slice(0, 8));
  for (const part of ["us-east-1", "s3", "aws4_request"]) signingKey = hmac(signingKey, part);
  const signature = hmac(signingKey, toSign.join("\n")).toString("hex");
  const headers = {
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": time,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope},SignedHeaders=${signed},Signature=${signature}`,
    ...(body !== undefined && { "content-length": body.reduce((sum, { length }) => sum + length, 0) }),
  };
  return new Promise((resolve, reject) => {
    const target = query === "" ? path : `${path}?${query}`;
    const outgoing = request({ agent, hostname, port, method, path: target, headers }, (response) => {
      const document = response.headers["content-type"]?.includes("xml") === true;
      let text = "";
      response.on("data", (chunk: Buffer) => {
        if (document) text += chunk.toString("utf8");
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 200) resolve({ etag: response.headers.etag ?? "", body: text });
        else reject(new Error(`${method} ${target} answered ${response.statusCode}: ${text}`));
      });
    });
    outgoing.once("error", reject);
    for (const chunk of body ?? []) outgoing.write(chunk);
    outgoing.end();
  });
}
