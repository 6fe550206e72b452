import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import { writeJsonDocument } from "./json-answers.ts";
import { readJsonDocument } from "./json-values.ts";
import {
  type ErrorDocument,
  type ServiceDescription,
  unknownOperation,
  type WireProtocol,
} from "./protocol.ts";

/**
 * awsJson1_0 and awsJson1_1 (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html): POST /, X-Amz-Target,
 * JSON both ways. Version 1.0 names errors with their namespace. A query-compatible service gives its old error codes
 * in x-amzn-query-error.
 */
export function awsJsonProtocol(service: ServiceDescription, schemas: ServiceSchemas): WireProtocol {
  const contentType =
    service.protocol === "awsJson1_0" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1";

  function headers(requestId: string): Record<string, string> {
    return { "content-type": contentType, "x-amzn-requestid": requestId };
  }

  return {
    notImplementedCode: "UnknownOperationException",
    malformed: (reason) => new AwsError("SerializationException", reason),

    route(request: WireRequest): OperationPlan {
      const target = request.headers["x-amz-target"];
      if (target === undefined) throw unknownOperation("The request has no X-Amz-Target header", 404);
      if (request.method !== "POST")
        throw unknownOperation("Requests of this service are POST requests", 404);
      if (!isJson(request.headers["content-type"])) {
        throw unknownOperation(`The Content-Type of requests of this service is ${contentType}`, 404);
      }
      const dot = target.lastIndexOf(".");
      const operation = schemas.operations.get(target.slice(dot + 1));
      if (!operation || target.slice(0, dot) !== service.targetPrefix) {
        throw unknownOperation(`${service.title} has no operation that the X-Amz-Target header names`, 400);
      }
      return operation;
    },

    read(operation: OperationPlan, request: WireRequest): object {
      return request.body.byteLength === 0 ? {} : (readJsonDocument(operation.input, request.body) as object);
    },

    write(operation: OperationPlan, output: object, requestId: string): WireAnswer {
      return { status: 200, headers: headers(requestId), body: writeJsonDocument(operation.output, output) };
    },

    writeError(error: ErrorDocument, requestId: string): WireAnswer {
      const type =
        service.protocol === "awsJson1_0" && error.namespace
          ? `${error.namespace}#${error.name}`
          : error.name;
      const body = JSON.stringify({ __type: type, ...error.members, [error.messageMember]: error.message });
      const extra = service.queryCompatible ? { "x-amzn-query-error": queryError(error) } : {};
      return { status: error.status, headers: { ...headers(requestId), ...extra }, body };
    },
  };
}

/** `AWS.SimpleQueueService.NonExistentQueue;Sender` */
function queryError(error: ErrorDocument): string {
  return `${error.queryCode};${error.status < 500 ? "Sender" : "Receiver"}`;
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(x-amz-json-1\.[01]|json)\s*(;|$)/i.test(contentType ?? "");
}
