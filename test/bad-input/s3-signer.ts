/** Requests to S3 signed by hand, so that every part of them can lie. Written from AWS's documents, not from src. */
import { createHash, createHmac } from "node:crypto";
import type { RootKey } from "../running-server.ts";
import type { RawRequest } from "./raw-client.ts";

export interface Unsigned {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** x-amz-content-sha256; the body's own by default. */
  readonly payload?: string;
  readonly at?: Date;
  readonly region?: string;
  readonly announced?: number;
  readonly breakOff?: boolean;
}

export class S3Signer {
  readonly #key: RootKey;
  readonly #host: string;

  constructor(key: RootKey, port: number) {
    this.#key = key;
    this.#host = `localhost:${port}`;
  }

  /** The request with its Authorization header. */
  sign(request: Unsigned): RawRequest {
    return this.signed(request).request;
  }

  /** The same with what chunks are signed by. */
  signed(request: Unsigned): { request: RawRequest; seed: string; chunk: ChunkSigner } {
    const { method = "GET", target, body = "", at = new Date(), region = "us-east-1" } = request;
    const date = basic(at);
    const headers: Record<string, string> = {
      Host: this.#host,
      "x-amz-date": date,
      "x-amz-content-sha256": request.payload ?? sha256(body),
      ...request.headers,
    };
    const names = Object.keys(headers)
      .map((name) => name.toLowerCase())
      .sort();
    const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    const [path = "", query = ""] = target.split("?");
    const canonical = [
      method,
      path,
      canonicalQuery(query),
      ...names.map((name) => `${name}:${values.get(name)?.trim()}`),
      "",
      names.join(";"),
      values.get("x-amz-content-sha256"),
    ].join("\n");
    const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
    const key = derivedKey(this.#key.secretAccessKey, scope);
    const seed = hmac(
      key,
      `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(Buffer.from(canonical, "latin1"))}`,
    ).toString("hex");
    const authorization = `AWS4-HMAC-SHA256 Credential=${this.#key.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${seed}`;
    const { announced, breakOff } = request;
    return {
      seed,
      chunk: new ChunkSigner(key, `${date}\n${scope}`, seed),
      request: {
        method,
        target,
        body,
        headers: { ...headers, Authorization: authorization },
        ...(announced !== undefined && { announced }),
        ...(breakOff !== undefined && { breakOff }),
      },
    };
  }

  /** A target that carries its signature. */
  presign(
    method: string,
    target: string,
    options: { readonly at?: Date; readonly seconds?: number | string; readonly more?: string } = {},
  ): string {
    const { at = new Date(), seconds = 60, more = "" } = options;
    const date = basic(at);
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const [path = "", query = ""] = target.split("?");
    const signed = [
      ...(query === "" ? [] : [query]),
      "X-Amz-Algorithm=AWS4-HMAC-SHA256",
      `X-Amz-Credential=${encodeURIComponent(`${this.#key.accessKeyId}/${scope}`)}`,
      `X-Amz-Date=${date}`,
      `X-Amz-Expires=${seconds}`,
      "X-Amz-SignedHeaders=host",
    ].join("&");
    const canonical = [
      method,
      path,
      canonicalQuery(signed),
      `host:${this.#host}`,
      "",
      "host",
      "UNSIGNED-PAYLOAD",
    ].join("\n");
    const key = derivedKey(this.#key.secretAccessKey, scope);
    const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString("hex");
    return `${path}?${signed}&X-Amz-Signature=${signature}${more}`;
  }

  /** The fields of a form with a policy of these conditions. */
  form(
    fields: Readonly<Record<string, string>>,
    policy: string | { readonly expiration?: string; readonly conditions: readonly unknown[] },
  ): Record<string, string> {
    const date = basic(new Date());
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const own = {
      "x-amz-algorithm": "AWS4-HMAC-SHA256",
      "x-amz-credential": `${this.#key.accessKeyId}/${scope}`,
      "x-amz-date": date,
    };
    const document =
      typeof policy === "string"
        ? policy
        : JSON.stringify({
            expiration: policy.expiration ?? new Date(Date.now() + 60_000).toISOString(),
            conditions: [
              ...policy.conditions,
              ...Object.entries(own).map(([name, value]) => ({ [name]: value })),
            ],
          });
    const encoded = Buffer.from(document).toString("base64");
    const signature = hmac(derivedKey(this.#key.secretAccessKey, scope), encoded).toString("hex");
    return { ...fields, ...own, policy: encoded, "x-amz-signature": signature };
  }
}

/** Signs the chunks of one body, each with the signature before it. */
export class ChunkSigner {
  readonly #key: Buffer;
  readonly #scope: string;
  #previous: string;

  constructor(key: Buffer, scope: string, seed: string) {
    this.#key = key;
    this.#scope = scope;
    this.#previous = seed;
  }

  frame(chunk: string): string {
    const text = ["AWS4-HMAC-SHA256-PAYLOAD", this.#scope, this.#previous, sha256(""), sha256(chunk)];
    this.#previous = hmac(this.#key, text.join("\n")).toString("hex");
    const header = `${Buffer.byteLength(chunk).toString(16)};chunk-signature=${this.#previous}\r\n`;
    return chunk === "" ? header : `${header}${chunk}\r\n`;
  }

  trailer(name: string, value: string): string {
    const text = ["AWS4-HMAC-SHA256-TRAILER", this.#scope, this.#previous, sha256(`${name}:${value}\n`)];
    this.#previous = hmac(this.#key, text.join("\n")).toString("hex");
    return `${name}:${value}\r\nx-amz-trailer-signature:${this.#previous}\r\n`;
  }
}

/** A form as a browser sends it, the file last. */
export function multipart(
  fields: Readonly<Record<string, string>>,
  file: string | null,
): { readonly contentType: string; readonly body: string } {
  const boundary = "----a-boundary-of-our-own";
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  if (file !== null)
    parts.push(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${file}\r\n`,
    );
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: `${parts.join("")}--${boundary}--\r\n`,
  };
}

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function derivedKey(secret: string, scope: string): Buffer {
  return scope.split("/").reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${secret}`) as Buffer;
}

function basic(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .sort()
    .join("&");
}
