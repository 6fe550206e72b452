/** Documents that the engine rendered: gzip or identity (RFC 9110 section 12.5.3), conditional (section 13.1.2). */
import type { OutgoingHttpHeaders } from "node:http";
import type { RenderedDocument } from "../../services/codeartifact/engine.ts";
import { type Answering, send } from "./exchange.ts";

/** `vary` names further request headers that the choice of this document depended on (`Accept`). */
export function sendRendered(
  exchange: Answering,
  document: RenderedDocument,
  options: { readonly vary?: string; readonly headers?: OutgoingHttpHeaders } = {},
): void {
  const { headers: asked } = exchange.request;
  const gzip = acceptsGzip(asked["accept-encoding"]);
  // A strong tag names bytes: the compressed ones are others.
  const etag = gzip ? `${document.etag.slice(0, -1)}-gzip"` : document.etag;
  const headers: OutgoingHttpHeaders = {
    etag,
    vary: options.vary === undefined ? "accept-encoding" : `accept-encoding, ${options.vary}`,
    // RFC 7234 section 5.5.1: what clients of old look for, and people in a trace.
    ...(document.stale && { warning: '110 - "Response is Stale"' }),
    ...options.headers,
  };
  if (matchesEtag(asked["if-none-match"], document.etag)) {
    send(exchange, 304, headers);
    return;
  }
  headers["content-type"] = document.contentType;
  if (gzip) headers["content-encoding"] = "gzip";
  if (exchange.request.method === "HEAD" && !gzip) {
    headers["content-length"] = document.size;
    exchange.response.writeHead(200, headers);
    exchange.response.end();
    return;
  }
  send(exchange, 200, headers, gzip ? document.gzip : document.identity());
}

/** `etag` with its quotes; its compressed form is the same document. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === "*") return true;
  const plain = etag.slice(0, -1);
  return header.split(",").some((part) => {
    const tag = part.trim().replace(/^W\//, "");
    return tag === etag || tag === `${plain}-gzip"`;
  });
}

export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  // What nearly every client sends.
  if (header === "gzip" || header === "*") return true;
  let any = false;
  for (const part of header.toLowerCase().split(",")) {
    const [coding = "", ...parameters] = part.split(";").map((text) => text.trim());
    const refused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (coding === "gzip" || coding === "x-gzip") return !refused;
    if (coding === "*") any = !refused;
  }
  return any;
}
