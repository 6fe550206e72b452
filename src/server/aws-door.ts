import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AwsError } from "../aws/errors.ts";
import { loadServiceModel, modelKeys, modelsForSigningName } from "../aws/models.ts";
import { parseRegion, type Region } from "../aws/names.ts";
import type { AwsService } from "../aws/service.ts";
import { parseSignedRequest } from "../aws/sigv4/parse.ts";
import { SignatureProblem } from "../aws/sigv4/problems.ts";
import { type SignatureErrorFamily, signatureError } from "../aws/sigv4/signature-errors.ts";
import type { RawRequest, SignedRequest } from "../aws/sigv4/signed-request.ts";
import type { Protocol, ServiceModel, WireAnswer, WireRequest } from "../aws/wire.ts";
import type { Call, Principal } from "../identity/call.ts";
import type { Identity } from "../identity/identity.ts";
import { StorageFull, StorageUnavailable } from "../storage/blobs/errors.ts";
import { MetadataUnavailable, WriteConflict } from "../storage/metadata/errors.ts";
import type { Arrival, Door } from "./door.ts";
import { type BodyReader, createBodyReader } from "./request-body.ts";
import { guessModels } from "./request-guess.ts";

/**
 * The one endpoint of all AWS APIs. Following "Signing AWS API requests" (IAM User Guide): the credential scope
 * names service and region; everything else is in the models of src/aws. The order is AWS's: who signed, is it
 * true, is there such an operation, is its input good, may they.
 *
 * Known limit: bodies are read whole, so operations that stream (S3's PutObject) need their service's own door.
 */
export interface AwsDoorParts {
  readonly services: readonly AwsService<Call>[];
  readonly identity: Pick<Identity, "authenticate">;
  readonly bodies?: BodyReader;
}

export function awsDoor({ services, identity, bodies = createBodyReader() }: AwsDoorParts): Door {
  const serviceOf = new Map(services.map((service) => [service.model, service]));

  return async (request, response, arrival) => {
    const raw: RawRequest = {
      method: request.method ?? "",
      target: request.url ?? "",
      rawHeaders: request.rawHeaders,
    };
    const head: WireRequest = {
      method: raw.method,
      target: raw.target,
      headers: joinHeaders(request.rawHeaders),
      body: new Uint8Array(0),
      bucket: arrival.host.bucket,
    };
    let model: ServiceModel | undefined;
    try {
      const signed = parseSignedRequest(raw, arrival.receivedAt);
      model = await modelOf(signed.scope.service);
      const region = regionOf(signed, arrival);
      const service = serviceOf.get(model.key);
      const { principal, body } = await authenticate(signed, raw, request, service !== undefined);
      arrival.note({ account: principal.account });
      const wire: WireRequest = { ...head, body };
      const operation = model.route(wire);
      arrival.note({ operation: `${model.key}:${operation.name}` });
      const handler = service?.operations[operation.name];
      if (!handler) throw model.notImplemented(operation);
      const input = await model.parse(operation, wire);
      // The wire's schemas made the input, and the service's table was checked against the same schemas' types.
      const output = await handler(callOf(principal, region, arrival), input as never);
      write(response, model.answer(operation, output, arrival.requestId));
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      const answering = model ?? (await guessModel(head, arrival.host.service));
      write(response, answering.error(errorOf(error, answering, arrival), arrival.requestId));
    }
  };

  /** A key that does not exist, and a wrong signature over a declared body, are refused before the body is read. */
  async function authenticate(
    signed: SignedRequest,
    raw: RawRequest,
    request: IncomingMessage,
    served: boolean,
  ): Promise<{ principal: Principal; body: Uint8Array }> {
    const { payload } = signed;
    if (payload.kind === "undeclared") {
      let body: Uint8Array = new Uint8Array(0);
      const principal = await identity.authenticate(signed, raw, async () => {
        body = await bodies.read(request);
        return sha256(body);
      });
      return { principal, body };
    }
    const principal = await identity.authenticate(signed, raw);
    // A service that is not here yet refuses everything: an upload of gigabytes need not come for that.
    const body = served ? await bodies.read(request) : new Uint8Array(0);
    if (served && payload.kind === "sha256" && payload.sha256 !== sha256(body)) {
      throw new SignatureProblem("payload-mismatch");
    }
    return { principal, body };
  }
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

const SIGNATURE_FAMILY: Readonly<Record<Protocol, SignatureErrorFamily>> = {
  awsJson1_0: "json",
  awsJson1_1: "json",
  restJson1: "rest-json",
  restXml: "s3",
  query: "query",
  ec2Query: "ec2",
};

/** What each service calls a failure that is ours; the rest say InternalFailure (their common errors). */
const FAILURE_NAMES: Readonly<Record<string, string>> = {
  ecr: "ServerException",
  s3: "InternalError",
  ec2: "InternalError",
  codeartifact: "InternalServerException",
  imagebuilder: "ServiceException",
  lambda: "ServiceException",
  kms: "KMSInternalException",
  eventbridge: "InternalException",
};

/** What stands behind this server is away or busy: the same again may succeed. */
const PASSING = [MetadataUnavailable, WriteConflict, StorageUnavailable];

/** The error as clients see it: nothing of ours but the request id under which the log has the rest. */
function errorOf(error: unknown, model: ServiceModel, arrival: Arrival): AwsError {
  // 501 is an answer, not a failure.
  if (error instanceof AwsError && (error.status < 500 || error.status === 501)) return error;
  if (error instanceof SignatureProblem) return signatureError(SIGNATURE_FAMILY[model.protocol], error);
  if (error instanceof AwsError) {
    arrival.log.warn({ err: error }, "refused");
    return error;
  }
  if (error instanceof StorageFull) {
    arrival.log.error({ err: error }, "the storage is full");
    const text = "The storage of this server is full. Nothing was stored; reading and deleting go on.";
    return new AwsError("InsufficientStorage", text, { status: 507 });
  }
  if (PASSING.some((kind) => error instanceof kind)) {
    arrival.log.error({ err: error }, "the database or the storage did not answer");
    const text = "The database or the storage of this server is busy or away. Try again.";
    return new AwsError("ServiceUnavailable", text, { status: 503 });
  }
  arrival.log.error({ err: error }, "an operation failed");
  return new AwsError(
    FAILURE_NAMES[model.key] ?? "InternalFailure",
    `Internal error. The server's log says more under request id ${arrival.requestId}.`,
    { status: 500 },
  );
}

/** As SigV4 joins repeats, which node's own joined headers do not: with a bare comma, and every name. */
function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    const value = rawHeaders[index + 1] ?? "";
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before},${value}`;
  }
  return headers;
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
