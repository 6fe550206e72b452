/**
 * Answers that may take long (CopyObject, UploadPartCopy, CompleteMultipartUpload): S3 begins them with 200 and sends
 * white space until it is done, so that neither client nor proxy gives up; what fails after that is an error document
 * in that 200, and SDKs know to look for it (S3 API reference, "CompleteMultipartUpload").
 */
import type { ServerResponse } from "node:http";
import type { WireAnswer } from "../../aws/wire.ts";

export const SLOW_OPERATIONS: ReadonlySet<string> = new Set([
  "CompleteMultipartUpload",
  "CopyObject",
  "UploadPartCopy",
]);

/** A fraction of what the usual clients and proxies wait at least. */
const PATIENCE_MILLISECONDS = 10_000;

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export class SlowAnswer {
  readonly #response: ServerResponse;
  readonly #headers: () => Readonly<Record<string, string>>;
  #timer: NodeJS.Timeout | undefined;
  #begun = false;

  /** @param headers of an answer whose operation is still under way */
  constructor(response: ServerResponse, headers: () => Readonly<Record<string, string>>) {
    this.#response = response;
    this.#headers = headers;
  }

  /** From here on the client is not left without a sign for longer than `patience`, in milliseconds. */
  start(patience = PATIENCE_MILLISECONDS): void {
    this.#timer = setInterval(() => this.#sign(), patience);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether the head went out already: all that is left is to write the document. */
  get begun(): boolean {
    return this.#begun;
  }

  finish({ body }: WireAnswer): void {
    const document = body === undefined ? "" : Buffer.from(body).toString("utf8");
    // The declaration stands where the document began.
    this.#response.end(document.replace(/^<\?xml[^>]*\?>\s*/, ""));
  }

  #sign(): void {
    if (this.#response.destroyed) return;
    if (this.#begun) {
      this.#response.write(" ");
      return;
    }
    this.#begun = true;
    this.#response.writeHead(200, { ...this.#headers(), "content-type": "application/xml" });
    this.#response.write(DECLARATION);
  }
}
