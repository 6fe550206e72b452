import type { AwsError } from "./errors.ts";

/** One request, read whole, as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** The raw request target, undecoded: `/v1/domain?domain=a`. */
  readonly target: string;
  /** Names in lower case; repeated headers joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** S3 only: the bucket the host name says; without it the first path segment is the bucket. */
  readonly bucket?: string | undefined;
}

/** An answer ready to be written; `body` is whole, Content-Length is the door's to set. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export type Protocol = "awsJson1_0" | "awsJson1_1" | "restJson1" | "restXml" | "query" | "ec2Query";

/** One operation of a service. Made once by the model and compared by identity. */
export interface Operation {
  /** `CreateRepository` */
  readonly name: string;
  /**
   * The input member that is the raw body (`Body` of PutObject, `assetContent` of PublishPackageVersion), and the
   * output member that becomes the raw body. A door that sees `streamingInput` after `route` (REST routes never look
   * at the body) leaves the body unread, calls `parse` with an empty one and sets that member to the stream; for
   * `streamingOutput` it takes the member out of the output, lets `answer` write status and headers, and pipes it.
   */
  readonly streamingInput: string | undefined;
  readonly streamingOutput: string | undefined;
}

/** One AWS service as seen from the wire: from bytes to input, from output or error to bytes. */
export interface ServiceModel {
  /** The key in models.ts: `ecr`. */
  readonly key: string;
  readonly protocol: Protocol;
  /** Every operation of the service at AWS, by name. */
  readonly operations: ReadonlyMap<string, Operation>;

  /** Throws the AwsError of the protocol (`UnknownOperationException`, `InvalidAction`, `MethodNotAllowed`) when nothing matches. */
  route(request: WireRequest): Operation;
  /**
   * The input as the SDK's type says, checked against the service's constraints. Throws an AwsError: malformed
   * documents (`SerializationException` and the like) or broken constraints in the service's own words.
   */
  parse(operation: Operation, request: WireRequest): Promise<object>;
  answer(operation: Operation, output: object, requestId: string): WireAnswer;
  /** The protocol's error document; a status of 500 and above reads as the server's fault. */
  error(error: AwsError, requestId: string): WireAnswer;
  /** What a service that lacks this operation throws: names it, its service, and that Shosoin does not offer it. */
  notImplemented(operation: Operation): AwsError;
}
