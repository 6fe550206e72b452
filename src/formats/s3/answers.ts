/** Answers and error documents on their way to the socket. */
import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { AwsError } from "../../aws/errors.ts";
import { requestIds } from "../../aws/protocols/rest-xml.ts";
import { streamedAnswer } from "../../aws/streamed-answer.ts";
import type { Operation, ServiceModel, WireAnswer } from "../../aws/wire.ts";
import { S3Error, XmlDocument } from "../../services/s3/index.ts";
import { encodeHeaderText, encodeMetadataText, METADATA_PREFIX } from "./header-text.ts";

/** An answer, and the bytes that follow when its body streams. */
export interface Answer {
  readonly head: WireAnswer;
  readonly bytes?: Readable;
}

export function answerOf(
  model: ServiceModel,
  operation: Operation,
  output: object,
  requestId: string,
): Answer {
  if (output instanceof XmlDocument) return { head: documentAnswer(output, requestId) };
  const { answer, bytes } = streamedAnswer(model, operation, output, requestId);
  return bytes === undefined ? { head: withStatus(answer) } : { head: withStatus(answer), bytes };
}

function documentAnswer({ xml, headers, status }: XmlDocument, requestId: string): WireAnswer {
  const type = xml === "" ? {} : { "content-type": "application/xml" };
  return { status, headers: { ...type, ...requestIds(requestId), ...headers }, body: xml };
}

/** The model knows one status for GetObject; a part of the object is another. */
function withStatus(answer: WireAnswer): WireAnswer {
  return answer.headers["content-range"] === undefined ? answer : { ...answer, status: 206 };
}

/** @param path as it was asked for: what the document calls its resource, where the error itself names nothing */
export function errorAnswer(
  model: ServiceModel,
  error: AwsError,
  requestId: string,
  path: string,
): WireAnswer {
  const named = Object.keys(error.members).length > 0;
  const { name, message, status } = error;
  const told = named ? error : new AwsError(name, message, { status, members: { Resource: path } });
  const answer = model.error(told, requestId);
  return error instanceof S3Error ? { ...answer, headers: { ...answer.headers, ...error.headers } } : answer;
}

const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 304]);

/** Writes an answer whose body is here. */
export function writeAnswer(response: ServerResponse, method: string, answer: WireAnswer): void {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const bodiless = WITHOUT_BODY.has(answer.status);
  const headers = encodedHeaders(answer.headers);
  // To HEAD an object's own length is said; an error's would be that of a document that does not come.
  if (!bodiless && method !== "HEAD") headers["content-length"] = String(body?.byteLength ?? 0);
  if (bodiless || (method === "HEAD" && answer.status >= 300)) delete headers["content-type"];
  response.writeHead(answer.status, headers);
  if (bodiless || method === "HEAD") response.end();
  else response.end(body);
}

export function encodedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const encoded: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name] ?? "";
    // The SDK's name for an Expires that need not be a date.
    encoded[name === "expiresstring" ? "expires" : name] = name.startsWith(METADATA_PREFIX)
      ? encodeMetadataText(value)
      : encodeHeaderText(value);
  }
  return encoded;
}
