import { AwsError } from "./errors.ts";
import { loadServiceModel, type ModelKey } from "./models.ts";
import type { WireRequest } from "./wire.ts";

/** Requests written by hand, and what becomes of them. */

const JSON_TYPE = "application/x-amz-json-1.1";
const FORM_TYPE = "application/x-www-form-urlencoded";

export function ecr(
  operation: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): WireRequest {
  return {
    method: "POST",
    target: "/",
    headers: {
      "content-type": JSON_TYPE,
      "x-amz-target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      ...headers,
    },
    body: Buffer.from(body),
  };
}

export function form(body: string | Uint8Array, target = "/"): WireRequest {
  return { method: "POST", target, headers: { "content-type": FORM_TYPE }, body: Buffer.from(body) };
}

export function rest(
  method: string,
  target: string,
  body: string | Uint8Array = "",
  type = "application/json",
): WireRequest {
  return { method, target, headers: { "content-type": type }, body: Buffer.from(body) };
}

/** `status name: message` of the refusal, as written into the answer, or the parsed input as JSON. */
export async function outcome(key: ModelKey, request: WireRequest): Promise<string> {
  const model = await loadServiceModel(key);
  try {
    const operation = model.route(request);
    return JSON.stringify(await model.parse(operation, request));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const answer = model.error(error, "request-id");
    return `${answer.status} ${error.name}: ${error.message}`;
  }
}
