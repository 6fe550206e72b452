import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { AwsError } from "../aws/errors.ts";
import { loadServiceModel, modelKeys, modelsForSigningName } from "../aws/models.ts";
import { parseRegion, type Region } from "../aws/names.ts";
import type { AwsService } from "../aws/service.ts";
import { parseSignedRequest } from "../aws/sigv4/parse.ts";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import { joinHeaders } from "../aws/sigv4/raw-headers.ts";
import type { RawRequest, SignedRequest } from "../aws/sigv4/signed-request.ts";
import { streamedAnswer } from "../aws/streamed-answer.ts";
import type { Protocol, ServiceModel, WireAnswer, WireRequest } from "../aws/wire.ts";
import type { Call, Principal } from "../identity/call.ts";
import type { Identity } from "../identity/identity.ts";
import { sendBytes } from "../storage/blobs/send-bytes.ts";
import { errorOf } from "./aws-errors.ts";
import type { Arrival, Door } from "./door.ts";
import { type BodyReader, createBodyReader } from "./request-body.ts";
import { guessModels } from "./request-guess.ts";
import { withBody } from "./request-stream.ts";
import { isForS3 } from "./s3-requests.ts";

/**
 * The one endpoint of all AWS APIs. Following "Signing AWS API requests" (IAM User Guide): the credential scope
 * names service and region; everything else is in the models of src/aws. The order is AWS's: who signed, is it
 * true, is there such an operation, is its input good, may they.
 *
 * An operation whose input streams gets the body unread: the sha256 that the signer declared for it is then the
 * operation's to check. One whose output streams answers with a Readable.
 */
export interface AwsDoorParts {
  readonly services: readonly AwsService<Call>[];
  readonly identity: Pick<Identity, "authenticate">;
  /** Of signers, and of those who will have to prove that they are: room that strangers cannot fill, and room that they can. */
  readonly bodies?: { readonly ofSigners: BodyReader; readonly ofStrangers: BodyReader };
  /** Answers what is meant for S3, which shares `/` with all other services. */
  readonly s3?: Door;
}

export function awsDoor({
  services,
  identity,
  s3,
  bodies = { ofSigners: createBodyReader(), ofStrangers: createBodyReader() },
}: AwsDoorParts): Door {
  const serviceOf = new Map(services.map((service) => [service.model, service]));

  return async (request, response, arrival) => {
    const raw: RawRequest = {
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
    };
    const { method, target, rawHeaders } = raw;
    if (s3 && isForS3({ method, target, headers: request.headers }, arrival.host))
      return s3(request, response, arrival);
    const head: WireRequest = {
      method,
      target,
      headers: joinHeaders(rawHeaders),
      body: NO_BYTES,
      bucket: arrival.host.bucket,
    };
    let model: ServiceModel | undefined;
    let answer: WireAnswer;
    let bytes: Readable | undefined;
    try {
      const signed = parseSignedRequest(raw, arrival.receivedAt);
      model = await modelOf(signed.scope.service);
      const region = regionOf(signed, arrival);
      const service = serviceOf.get(model.key);
      const { principal, body: proven } = await authenticate(signed, raw, request, arrival);
      arrival.note({ account: principal.account });
      const streams = proven === undefined && streamsIn(model, head);
      // A service that is not here yet refuses everything: an upload of gigabytes need not come for that.
      const unread = service === undefined || streams;
      const body = proven ?? (unread ? NO_BYTES : await readDeclared(signed, request));
      const wire: WireRequest = { ...head, body };
      const operation = model.route(wire);
      arrival.note({ operation: `${model.key}:${operation.name}` });
      const handler = service?.operations[operation.name];
      if (!handler) throw model.notImplemented(operation);
      const input = await model.parse(operation, wire);
      const call = callOf(principal, region, arrival);
      // The wire's schemas made the input, and the service's table was checked against the same schemas' types.
      const run = (given: object) => handler(call, given as never);
      const { streamingInput } = operation;
      const output =
        streamingInput === undefined
          ? await run(input)
          : await lendBody(request, streams ? undefined : body, (stream) =>
              run({ ...input, [streamingInput]: stream }),
            );
      ({ answer, bytes } = streamedAnswer(model, operation, output, arrival.requestId));
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      const answering = model ?? (await guessModel(head, arrival.host.service));
      answer = answering.error(errorOf(error, answering, arrival), arrival.requestId);
    }
    if (bytes === undefined) return write(response, answer);
    response.writeHead(answer.status, { "content-type": "application/octet-stream", ...answer.headers });
    await sendBytes(bytes, response);
  };

  /**
   * A key that does not exist, and a wrong signature over a declared body, are refused before the body is read. Only
   * when the signature covers the body itself, it is read here.
   */
  async function authenticate(
    signed: SignedRequest,
    raw: RawRequest,
    request: IncomingMessage,
    { sourceIp }: Arrival,
  ): Promise<{ principal: Principal; body: Uint8Array | undefined }> {
    if (signed.payload.kind !== "undeclared")
      return { principal: await identity.authenticate(signed, raw), body: undefined };
    let body = NO_BYTES;
    const principal = await identity.authenticate(signed, raw, async () => {
      const { accessKeyId } = signed;
      body = await bodies.ofStrangers.read(request, { accessKey: accessKeyId, address: sourceIp });
      return sha256(body);
    });
    return { principal, body };
  }

  async function readDeclared(
    { payload, accessKeyId }: SignedRequest,
    request: IncomingMessage,
  ): Promise<Uint8Array> {
    const body = await bodies.ofSigners.read(request, { accessKey: accessKeyId });
    if (payload.kind === "sha256" && payload.sha256 !== sha256(body))
      throw new SignatureProblem("payload-mismatch");
    return body;
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Protocols that say by method and path which operation is meant. */
const ROUTED_BY_HEAD: ReadonlySet<Protocol> = new Set(["restJson1", "restXml"]);

/** Whether the body goes to the operation unread. */
function streamsIn(model: ServiceModel, head: WireRequest): boolean {
  return ROUTED_BY_HEAD.has(model.protocol) && model.route(head).streamingInput !== undefined;
}

function lendBody<Result>(
  request: IncomingMessage,
  body: Uint8Array | undefined,
  use: (stream: Readable) => Promise<Result>,
): Promise<Result> {
  return body ? use(Readable.from([body])) : withBody(request, use);
}

const MODEL_KEYS: ReadonlySet<string> = new Set(modelKeys);

async function modelOf(signingName: string): Promise<ServiceModel> {
  const [key] = modelsForSigningName(signingName);
  if (key !== undefined) return loadServiceModel(key);
  throw new AwsError("UnknownService", `Shosoin has no service that signs as "${signingName}".`, {
    status: 501,
  });
}

async function guessModel(request: WireRequest, hostService: string | undefined): Promise<ServiceModel> {
  const key = guessModels(request, hostService).find((guess) => MODEL_KEYS.has(guess));
  return loadServiceModel(key ?? "s3");
}

/** A host that names a region, and a signature for another: AWS refuses what was meant for elsewhere. */
function regionOf(signed: SignedRequest, arrival: Arrival): Region {
  const region = parseRegion(signed.scope.region);
  const { region: hostRegion } = arrival.host;
  if (!region || (hostRegion !== undefined && hostRegion !== region)) {
    throw new SignatureProblem(
      "wrong-scope",
      `Credential should be scoped to a valid region, not '${signed.scope.region}'.`,
    );
  }
  return region;
}

function callOf(principal: Principal, region: Region, arrival: Arrival): Call {
  return {
    principal,
    account: principal.account,
    region,
    requestId: arrival.requestId,
    now: arrival.receivedAt,
    signal: arrival.signal,
    sourceIp: arrival.sourceIp,
    secure: arrival.secure,
    baseUrl: arrival.baseUrl,
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function write(response: ServerResponse, answer: WireAnswer): void {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  // RFC 9110 section 8.6: no Content-Length in a 204.
  const length = answer.status === 204 ? {} : { "content-length": body?.byteLength ?? 0 };
  response.writeHead(answer.status, { ...answer.headers, ...length });
  response.end(body);
}
