import { describe, expect, test } from "bun:test";
import { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { buildQueryString, HttpResponse } from "@smithy/core/protocols";
import { AwsError } from "./errors.ts";
import { type ModelKey, modelKeys, serviceDescription } from "./models.ts";
import { Samples } from "./round-trip.samples.ts";
import { type OperationPlan, readServiceSchemas, type ServiceSchemas } from "./schemas.ts";
import { createServiceModel } from "./service-model.ts";
import type { ServiceModel, WireAnswer, WireRequest } from "./wire.ts";

/**
 * Every operation of every service: the real SDK client sends a sample input, our model must understand it as it was
 * meant; our answer must be read back by the client as it was given; so must an error. It is also the alarm for a
 * new SDK version: its schemas and serialisers are internal and may move.
 */

/** Operations, or directions of them, that are not exercised, each with the reason. */
const EXCEPTIONS: Readonly<Record<string, readonly Direction[]>> = {
  // Their output is an event stream, which is not spoken here.
  SelectObjectContent: ["output"],
  InvokeWithResponseStream: ["output"],
};

/** Milliseconds: EC2 has 823 operations, and a machine may be busy. */
const TIMEOUT = 60_000;

type Direction = "input" | "output" | "error";

/** Members that the client itself checks, makes or rewrites, so that a sample must be of their form or absent. */
const SPECIAL_MEMBERS: Readonly<Partial<Record<ModelKey, Readonly<Record<string, unknown>>>>> = {
  s3: {
    Bucket: "my-bucket",
    ChecksumAlgorithm: "CRC32",
    LocationConstraint: "eu-west-1",
    // The client computes both from each other.
    SSECustomerKey: undefined,
    SSECustomerKeyMD5: undefined,
    CopySourceSSECustomerKey: undefined,
    CopySourceSSECustomerKeyMD5: undefined,
    // The client adds it with the text of the Expires header.
    ExpiresString: "Tue, 14 Nov 2023 22:13:20 GMT",
    ContentMD5: undefined,
  },
  // The client makes a host name of it.
  eventbridge: { EndpointId: undefined },
};

/** What the test needs of an SDK client module; the modules' types differ in everything else. */
interface ClientModule {
  readonly [name: string]: unknown;
}
interface Client {
  send(command: object): Promise<Record<string, unknown>>;
  readonly middlewareStack: { remove(name: string): boolean };
}
interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

for (const key of modelKeys) {
  describe(key, async () => {
    const module: ClientModule = await import(`@aws-sdk/client-${key}`);
    const schemas = readServiceSchemas(module);
    const model = createServiceModel(key, serviceDescription(key), schemas, () => {});
    const bench = new Bench(key, module, model);
    const operations = [...schemas.operations.values()];

    test("has operations", () => expect(operations.length).toBeGreaterThan(10));

    test(
      "inputs are routed and parsed as the client meant them",
      async () => {
        expect(await failures(operations, "input", (operation) => bench.input(operation))).toEqual([]);
      },
      TIMEOUT,
    );
    test(
      "outputs are read back by the client as they were given",
      async () => {
        expect(await failures(operations, "output", (operation) => bench.output(operation))).toEqual([]);
      },
      TIMEOUT,
    );
    test(
      "errors are read back by the client with name and message",
      async () => {
        const errors = errorNames(schemas);
        const check = (operation: OperationPlan, index: number) =>
          bench.error(operation, errors[index % errors.length] ?? "SomethingException");
        expect(await failures(operations, "error", check)).toEqual([]);
      },
      TIMEOUT,
    );
  });
}

/** One line for each operation for which `check` finds a difference. */
async function failures(
  operations: readonly OperationPlan[],
  direction: Direction,
  check: (operation: OperationPlan, index: number) => Promise<string | undefined>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [index, operation] of operations.entries()) {
    if (EXCEPTIONS[operation.name]?.includes(direction)) continue;
    const difference = await check(operation, index).catch((error: unknown) => `threw ${String(error)}`);
    if (difference !== undefined) found.push(`${operation.name}: ${difference}`);
  }
  return found;
}

function errorNames(schemas: ServiceSchemas): string[] {
  return [...schemas.errors.keys()].sort();
}

/** A client whose requests reach our model, not a network. */
class Bench {
  readonly #key: ModelKey;
  readonly #module: ClientModule;
  readonly #model: ServiceModel;
  readonly #client: Client;
  readonly #special: Readonly<Record<string, unknown>>;
  #sent: WireRequest | undefined;
  #answer: WireAnswer = { status: 200, headers: {}, body: undefined };

  constructor(key: ModelKey, module: ClientModule, model: ServiceModel) {
    this.#key = key;
    this.#module = module;
    this.#model = model;
    this.#special = SPECIAL_MEMBERS[key] ?? {};
    this.#client = this.#newClient();
  }

  async input(operation: OperationPlan): Promise<string | undefined> {
    const input = new Samples(this.#special).input(operation);
    this.#answer = { status: 500, headers: {}, body: "" };
    await this.#send(operation, input).catch(() => undefined);
    if (!this.#sent) return "the client sent nothing";
    const routed = this.#model.route(this.#sent);
    if (routed !== operation) return `was routed to ${routed.name}`;
    return difference(input, await this.#model.parse(routed, this.#sent));
  }

  async output(operation: OperationPlan): Promise<string | undefined> {
    const input = new Samples(this.#special).input(operation);
    const output = new Samples(this.#special).output(operation);
    this.#answer = this.#model.answer(operation, output, "the-request-id");
    const { $metadata, ...read } = await this.#send(operation, input);
    const { requestId } = $metadata as { requestId?: string };
    if (requestId !== "the-request-id") return `the request id was read as ${requestId}`;
    return difference(output, await withBytes(read));
  }

  async error(operation: OperationPlan, name: string): Promise<string | undefined> {
    const input = new Samples(this.#special).input(operation);
    this.#answer = this.#model.error(new AwsError(name, "Says <why> & 'how'"), "the-request-id");
    const caught = await this.#send(operation, input).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(caught instanceof Error)) return "the client saw no error";
    if (caught.name !== name) return `${name} was read as ${caught.name}: ${caught.message}`;
    return caught.message === "Says <why> & 'how'" ? undefined : `the message was read as ${caught.message}`;
  }

  async #send(operation: OperationPlan, input: object): Promise<Record<string, unknown>> {
    this.#sent = undefined;
    const Command = this.#module[`${operation.name}Command`] as new (input: object) => object;
    return await this.#client.send(new Command(structuredClone(input)));
  }

  #newClient(): Client {
    const [, Constructor] = Object.entries(this.#module).find(
      ([name]) => name.endsWith("Client") && !name.startsWith("_"),
    ) ?? ["", undefined];
    const client = new (Constructor as new (config: object) => Client)({
      region: "us-east-1",
      endpoint: "http://localhost:9",
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
      forcePathStyle: true,
      disableHostPrefix: true,
      maxAttempts: 1,
      // SQS compares digests of messages, which a sample does not have.
      md5: false,
      requestHandler: { handle: (request: SentRequest) => this.#handle(request) },
    });
    // It adds checksums that the sample has of its own.
    if (this.#key === "s3") client.middlewareStack.remove("flexibleChecksumsMiddleware");
    return client;
  }

  async #handle(request: SentRequest): Promise<{ response: HttpResponse }> {
    this.#sent = wireRequest(request);
    const { status, headers, body } = this.#answer;
    const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
    const response = new HttpResponse({
      statusCode: status,
      headers: { ...headers },
      body: Readable.from([bytes]),
    });
    return { response };
  }
}

function wireRequest(request: SentRequest): WireRequest {
  const query = buildQueryString(request.query ?? {});
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return {
    method: request.method,
    target: query === "" ? request.path : `${request.path}?${query}`,
    headers: Object.fromEntries(headers),
    body: typeof request.body === "string" ? Buffer.from(request.body) : (request.body ?? new Uint8Array()),
  };
}

/** Streams read to their bytes. */
async function withBytes(output: Record<string, unknown>): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(output)) {
    const stream = value as { transformToByteArray?: () => Promise<Uint8Array> } | undefined;
    read[name] = stream?.transformToByteArray ? await stream.transformToByteArray() : value;
  }
  return read;
}

/** Where and how the two first differ. */
function difference(expected: unknown, actual: unknown, path = ""): string | undefined {
  const left = plain(expected);
  const right = plain(actual);
  if (isDeepStrictEqual(left, right)) return undefined;
  if (!isObject(left) || !isObject(right)) return `${path}: ${show(left)} became ${show(right)}`;
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[name], right[name], `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return `${path} differs`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Bytes as arrays, strings that are objects as strings, without undefined members. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (value instanceof Date) return value.toISOString();
  if (value instanceof String) return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, plain(member)]));
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, member) => (typeof member === "bigint" ? `${member}n` : member))?.slice(
      0,
      80,
    ) ?? "nothing"
  );
}
