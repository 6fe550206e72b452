/**
 * S3 on the wire. Who asks is settled first, from the head alone, so that nobody uploads for a refusal; then what is
 * asked, by the model of the AWS wire; then the body is lent to the operation, or read for it where it is a document.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { loadServiceModel } from "../../aws/models.ts";
import type { OperationHandler } from "../../aws/service.ts";
import type { RawRequest } from "../../aws/sigv4/signed-request.ts";
import type { Operation, ServiceModel } from "../../aws/wire.ts";
import type { Identity } from "../../identity/identity.ts";
import { errorOf } from "../../server/aws-errors.ts";
import type { Arrival, Door } from "../../server/door.ts";
import type { S3, S3Call } from "../../services/s3/index.ts";
import { sendBytes } from "../../storage/blobs/send-bytes.ts";
import { withBody } from "../request-body.ts";
import { type Answer, answerOf, encodedHeaders, errorAnswer, writeAnswer } from "./answers.ts";
import { callOf } from "./call.ts";
import { type Caller, identify } from "./caller.ts";
import { createDocumentReader } from "./document-body.ts";
import { checkInput } from "./input-limits.ts";
import { openPayload } from "./payload.ts";
import { type RequestHead, readHead } from "./request-head.ts";
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
    let answer: Answer;
    try {
      answer = await serve(model, raw, request, arrival);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      answer = { head: errorAnswer(model, errorOf(error, model, arrival), arrival.requestId) };
    }
    await send(response, raw.method, answer);
  };

  async function serve(
    model: ServiceModel,
    raw: RawRequest,
    request: IncomingMessage,
    arrival: Arrival,
  ): Promise<Answer> {
    const caller = await identify(raw, identity, arrival);
    if (caller.principal.kind !== "anonymous") arrival.note({ account: caller.principal.account });
    const head = readHead({ ...raw, bucket: arrival.host.bucket }, caller.presigned);
    const operation = model.route(head.wire);
    arrival.note({ operation: `s3:${operation.name}` });
    const handler = operations[operation.name];
    if (!handler) throw model.notImplemented(operation);
    const output = await run(model, operation, handler, { request, head, caller, arrival });
    return answerOf(model, operation, output, arrival.requestId);
  }

  async function run(
    model: ServiceModel,
    operation: Operation,
    handler: OperationHandler<S3Call>,
    { request, head, caller, arrival }: Served,
  ): Promise<object> {
    const payload = await openPayload(head, caller, identity);
    const { streamingInput } = operation;
    if (streamingInput === undefined) {
      const body = await documents.read(operation.name, request, head, payload);
      const input = await model.parse(operation, { ...head.wire, body });
      checkInput(input, head.wire.headers);
      return handler(await callOf(s3, caller, arrival, head, input), input as never);
    }
    const input: object = await model.parse(operation, head.wire);
    Reflect.deleteProperty(input, streamingInput);
    checkInput(input, head.wire.headers);
    const call = await callOf(s3, caller, arrival, head, input);
    return withBody(request, (wire) =>
      handler({ ...call, body: uploadBody(head, payload, wire) }, input as never),
    );
  }
}

/** What is known of a request when its operation is. */
interface Served {
  readonly request: IncomingMessage;
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly arrival: Arrival;
}

async function send(response: ServerResponse, method: string, { head, bytes }: Answer): Promise<void> {
  if (bytes === undefined) return writeAnswer(response, method, head);
  response.writeHead(head.status, encodedHeaders(head.headers));
  await sendBytes(bytes, response);
}
