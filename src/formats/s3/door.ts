/**
 * S3 on the wire. Who asks is settled first, from the head alone, so that nobody uploads for a refusal; then what is
 * asked, by the model of the AWS wire; then the body is lent to the operation, or read for it where it is a document.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { AwsError } from "../../aws/errors.ts";
import { loadServiceModel } from "../../aws/models.ts";
import { requestIds } from "../../aws/protocols/rest-xml.ts";
import type { OperationHandler } from "../../aws/service.ts";
import { splitTarget } from "../../aws/sigv4/raw-query.ts";
import type { RawRequest } from "../../aws/sigv4/signed-request.ts";
import type { Operation, ServiceModel } from "../../aws/wire.ts";
import type { Identity } from "../../identity/identity.ts";
import { errorOf } from "../../server/aws-errors.ts";
import type { Client } from "../../server/body-shares.ts";
import type { Arrival, Door } from "../../server/door.ts";
import { bucketOfHost } from "../../server/s3-requests.ts";
import type { S3, S3Call } from "../../services/s3/index.ts";
import { sendBytes } from "../../storage/blobs/send-bytes.ts";
import { withBody } from "../request-body.ts";
import { announcedFor } from "./announced-checksum.ts";
import { type Answer, answerOf, encodedHeaders, errorAnswer, writeAnswer } from "./answers.ts";
import { callOf } from "./call.ts";
import { type Caller, identify } from "./caller.ts";
import { corsHeaders, noBucketForScripts, preflightHeaders, readPreflight } from "./cors.ts";
import { createDocumentReader } from "./document-body.ts";
import { checkInput, checkOverrides } from "./input-limits.ts";
import { openPayload } from "./payload.ts";
import { postObject } from "./post-object.ts";
import { type RequestHead, readHead, refuseLonePart, splitAddress } from "./request-head.ts";
import { SLOW_OPERATIONS, SlowAnswer } from "./slow-answers.ts";
import { uploadBody } from "./upload-body.ts";

export interface S3DoorParts {
  readonly s3: Pick<S3, "operations" | "corsRules" | "regionOf">;
  readonly identity: Pick<Identity, "authenticate" | "authenticateV2" | "signerOf">;
}

export function s3Door({ s3, identity }: S3DoorParts): Door {
  const documents = createDocumentReader();
  // The table's own type was checked where it was written; the model says which name is asked for.
  const operations = s3.operations as Readonly<Record<string, OperationHandler<S3Call> | undefined>>;

  return async (request, response, arrival) => {
    const model = await loadServiceModel("s3");
    const raw: RawRequest = {
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
    };
    const cors =
      request.headers.origin === undefined ? NO_HEADERS : await corsHeadersOf(raw, request, arrival);
    const slow = new SlowAnswer(response, () => ({ ...requestIds(arrival.requestId), ...cors }));
    let answer: Answer;
    try {
      answer = await serve(model, raw, request, arrival, slow);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      const told = errorOf(error, model, arrival);
      answer = { head: errorAnswer(model, told, arrival.requestId, splitTarget(raw.target).path) };
    } finally {
      slow.stop();
    }
    if (slow.begun) return slow.finish(answer.head);
    await send(response, raw.method, answer, cors);
  };

  /** What lets scripts of another origin read the answer, errors too. */
  async function corsHeadersOf(
    raw: RawRequest,
    request: IncomingMessage,
    arrival: Arrival,
  ): Promise<Record<string, string>> {
    const { origin } = request.headers;
    const { bucket } = addressOf(raw, arrival);
    if (origin === undefined || bucket === undefined || raw.method === "OPTIONS") return {};
    // What fails here fails the request itself, with its own error.
    const rules = await s3.corsRules(bucket).catch(() => undefined);
    return corsHeaders(rules, origin, raw.method);
  }

  async function preflight(raw: RawRequest, request: IncomingMessage, arrival: Arrival): Promise<Answer> {
    const { bucket, key } = addressOf(raw, arrival);
    const asked = readPreflight((name) => request.headers[name]?.toString());
    const rules = bucket === undefined ? undefined : await s3.corsRules(bucket).catch(noBucketForScripts);
    const headers = preflightHeaders(rules, asked, key === "" ? "BUCKET" : "OBJECT");
    return {
      head: { status: 200, headers: { ...requestIds(arrival.requestId), ...headers }, body: undefined },
    };
  }

  async function serve(
    model: ServiceModel,
    raw: RawRequest,
    request: IncomingMessage,
    arrival: Arrival,
    slow: SlowAnswer,
  ): Promise<Answer> {
    if (raw.method === "OPTIONS") return preflight(raw, request, arrival);
    const form = formBucket(raw, request, arrival);
    if (form !== undefined) {
      arrival.note({ operation: "s3:PostObject" });
      return { head: await postObject({ model, s3, identity }, request, arrival, form) };
    }
    const caller = await identify(raw, identity, arrival);
    if (caller.principal.kind !== "anonymous") arrival.note({ account: caller.principal.account });
    const head = readHead({ ...raw, bucket: bucketOfHost(arrival.host) }, caller.presigned);
    const operation = model.route(head.wire);
    arrival.note({ operation: `s3:${operation.name}` });
    refuseLonePart(operation.name, head.wire.target);
    const handler = operations[operation.name];
    if (!handler) throw model.notImplemented(operation);
    const output = await run(model, operation, handler, { request, head, caller, arrival, slow });
    return answerOf(model, operation, output, arrival.requestId);
  }

  async function run(
    model: ServiceModel,
    operation: Operation,
    handler: OperationHandler<S3Call>,
    { request, head, caller, arrival, slow }: Served,
  ): Promise<object> {
    const payload = await openPayload(head, caller, identity);
    const announced = announcedFor(operation.name, head);
    const { streamingInput } = operation;
    if (streamingInput === undefined) {
      const anonymous = caller.principal.kind === "anonymous";
      const body = await documents.read(
        operation.name,
        request,
        announced,
        payload,
        clientOf(caller, arrival),
      );
      const input = await model.parse(operation, { ...head.wire, body });
      checkInput(input, head.wire.headers);
      if (operation.streamingOutput !== undefined) checkOverrides(input, anonymous);
      if (SLOW_OPERATIONS.has(operation.name)) slow.start();
      return handler(await callOf(s3, caller, arrival, head, input), input as never);
    }
    const input: object = await model.parse(operation, head.wire);
    Reflect.deleteProperty(input, streamingInput);
    checkInput(input, head.wire.headers);
    const call = await callOf(s3, caller, arrival, head, input);
    return withBody(request, (wire) =>
      handler(
        { ...call, body: uploadBody(announced, payload, wire, request.headers["transfer-encoding"]) },
        input as never,
      ),
    );
  }
}

const NO_HEADERS: Readonly<Record<string, string>> = {};

function addressOf({ target }: RawRequest, { host }: Arrival): { bucket: string | undefined; key: string } {
  return splitAddress(target, bucketOfHost(host));
}

/** The bucket that a browser's form is sent to; undefined for every other request. */
function formBucket(raw: RawRequest, request: IncomingMessage, arrival: Arrival): string | undefined {
  if (raw.method !== "POST" || raw.target.includes("?")) return undefined;
  const { bucket, key } = addressOf(raw, arrival);
  if (bucket === undefined || key !== "") return undefined;
  const type = request.headers["content-type"] ?? "";
  if (/^multipart\/form-data\b/i.test(type)) return bucket;
  throw new AwsError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    status: 412,
    members: { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
  });
}

function clientOf({ principal }: Caller, { sourceIp }: Arrival): Client {
  return principal.kind === "anonymous" ? { address: sourceIp } : { accessKey: principal.accessKeyId };
}

/** What is known of a request when its operation is. */
interface Served {
  readonly request: IncomingMessage;
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly arrival: Arrival;
  readonly slow: SlowAnswer;
}

async function send(
  response: ServerResponse,
  method: string,
  { head, bytes }: Answer,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const headers = more === NO_HEADERS ? head.headers : { ...head.headers, ...more };
  if (bytes === undefined) return writeAnswer(response, method, { ...head, headers });
  try {
    response.writeHead(head.status, encodedHeaders(headers));
  } catch (error) {
    // Nobody else closes what was opened for an answer that cannot be begun.
    bytes.destroy();
    throw error;
  }
  await sendBytes(bytes, response);
}
