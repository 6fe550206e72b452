/** The AWS SDK's own signer, giving raw requests as a server receives them. For tests. */
import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { HttpRequest } from "@smithy/types";
import type { RawRequest } from "../signed-request.ts";

export const ACCESS_KEY_ID = "AKIDEXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
export const SIGNED_AT = new Date("2015-08-30T12:36:00Z");

export interface Plan {
  readonly method?: string;
  /** As sent: percent-encoded. */
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly service?: string;
  readonly region?: string;
  readonly sessionToken?: string;
  readonly presign?: boolean;
  readonly applyChecksum?: boolean;
  readonly signedAt?: Date;
}

export interface Signed {
  readonly request: RawRequest;
  readonly bodySha256: string;
}

export async function signWithSdk(plan: Plan): Promise<Signed> {
  const service = plan.service ?? "ecr";
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET,
      ...(plan.sessionToken === undefined ? {} : { sessionToken: plan.sessionToken }),
    },
    region: plan.region ?? "us-east-1",
    service,
    sha256: NodeSha256,
    uriEscapePath: service !== "s3",
    applyChecksum: plan.applyChecksum ?? service === "s3",
  });
  const unsigned: HttpRequest = {
    method: plan.method ?? "GET",
    protocol: "https:",
    hostname: "example.amazonaws.com",
    path: plan.path ?? "/",
    query: { ...plan.query },
    headers: { host: "example.amazonaws.com", ...plan.headers },
    ...(plan.body === undefined ? {} : { body: plan.body }),
  };
  const signingDate = plan.signedAt ?? SIGNED_AT;
  const signed = plan.presign
    ? await signer.presign(unsigned, { signingDate, expiresIn: 3600 })
    : await signer.sign(unsigned, { signingDate });
  return {
    request: {
      method: signed.method,
      target: formatTarget(signed.path, signed.query ?? {}),
      rawHeaders: Object.entries(signed.headers).flatMap(([name, value]) => [name, wireText(value)]),
    },
    bodySha256: sha256(plan.body ?? ""),
  };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A header as Node shows what a client sent as UTF-8: one character a byte. */
function wireText(value: string): string {
  return Buffer.from(value, "utf8").toString("latin1");
}

function formatTarget(path: string, query: Readonly<Record<string, string | string[] | null>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).map((one) => `${encodePiece(name)}=${encodePiece(one)}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}

function encodePiece(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export class NodeSha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error("not used by the signer");
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, "utf8");
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
