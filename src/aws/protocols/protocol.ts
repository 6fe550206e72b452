import { AwsError } from "../errors.ts";
import type { ErrorSchema, OperationPlan } from "../schemas.ts";
import type { Protocol, WireAnswer, WireRequest } from "../wire.ts";

/** What a protocol has to know of a service. */
export interface ServiceDescription {
  readonly protocol: Protocol;
  /** `Amazon ECR`, for messages. */
  readonly title: string;
  /** `2015-09-21` */
  readonly apiVersion: string;
  /** The part of X-Amz-Target before the dot. */
  readonly targetPrefix?: string;
  /** Namespace of XML answers. */
  readonly xmlNamespace?: string;
  /** Spoke the query protocol before its JSON, and gives clients its old error codes beside the new (SQS). */
  readonly queryCompatible?: true;
  /** S3: the bucket comes from host or path and is no part of the model's path templates. */
  readonly bucketAddressing?: true;
}

/** One protocol speaking for one service; service-model.ts makes a ServiceModel of it. */
export interface WireProtocol {
  /** Throws an AwsError, or Malformed, when the request names no operation. */
  route(request: WireRequest): OperationPlan;
  /** Throws Malformed or an AwsError. */
  read(operation: OperationPlan, request: WireRequest): object;
  write(operation: OperationPlan, output: object, requestId: string): WireAnswer;
  writeError(error: ErrorDocument, requestId: string): WireAnswer;
  /** The protocol's error for a request that does not fit it. */
  malformed(reason: string): AwsError;
  /** Code of the error for an operation that is not offered. */
  readonly notImplementedCode: string;
}

/** An error as it goes onto the wire. */
export interface ErrorDocument {
  readonly name: string;
  /** What the query protocols call it. */
  readonly queryCode: string;
  readonly namespace: string | undefined;
  readonly status: number;
  readonly message: string;
  readonly messageMember: string;
  readonly members: Readonly<Record<string, unknown>>;
}

/**
 * An error with what the model says of it. The model's status holds unless the service set another than the usual
 * 400; services need not repeat what the model knows. In the awsJson protocols AWS answers 400 for whatever is the
 * caller's fault, also where the model has another status (KMS API reference: NotFoundException is 400).
 */
export function errorDocument(
  error: AwsError,
  schema: ErrorSchema | undefined,
  protocol: Protocol,
): ErrorDocument {
  const named = schema?.status ?? 400;
  const usual = protocol.startsWith("awsJson") && named < 500 ? 400 : named;
  return {
    name: error.name,
    queryCode: schema?.queryCode ?? error.name,
    namespace: schema?.namespace,
    status: error.status === 400 ? usual : error.status,
    message: error.message,
    messageMember: schema?.messageMember ?? "message",
    members: error.members,
  };
}

export function unknownOperation(message: string, status: number): AwsError {
  return new AwsError("UnknownOperationException", message, { status });
}
