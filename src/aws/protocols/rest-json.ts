import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import { routeTable } from "./http-routes.ts";
import { httpTarget } from "./http-target.ts";
import { writeJsonDocument } from "./json-answers.ts";
import { readJsonDocument } from "./json-values.ts";
import {
  type ErrorDocument,
  type ServiceDescription,
  unknownOperation,
  type WireProtocol,
} from "./protocol.ts";
import { restBinding } from "./rest.ts";

/**
 * restJson1 (https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html). The error's name is in x-amzn-errortype. Event
 * streams are not spoken.
 */
export function restJsonProtocol(service: ServiceDescription, schemas: ServiceSchemas): WireProtocol {
  const routes = routeTable(schemas.operations.values(), false);
  const binding = restBinding({
    contentType: "application/json",
    read: readJsonDocument,
    write: ({ shape }, value) => writeJsonDocument(shape, value),
  });

  return {
    notImplementedCode: "UnknownOperationException",
    malformed: (reason) => new AwsError("SerializationException", reason),

    route(request: WireRequest): OperationPlan {
      const route = routes.find(request, httpTarget(request, false));
      if (!route) throw unknownOperation(`${service.title} has no operation with this method and path`, 404);
      return route.operation;
    },

    read(operation: OperationPlan, request: WireRequest): object {
      const route = routes.of(operation);
      if (!route) throw unknownOperation(`${operation.name} has no path`, 404);
      const contentType = request.headers["content-type"];
      if (contentType !== undefined && request.body.byteLength > 0 && binding.takesDocument(operation)) {
        if (!/^application\/(x-amz-json-1\.[01]|json)\s*(;|$)/i.test(contentType)) {
          throw new AwsError(
            "UnsupportedMediaTypeException",
            "The Content-Type of this request is application/json",
            {
              status: 415,
            },
          );
        }
      }
      return binding.read(operation, route, request, httpTarget(request, false));
    },

    write(operation: OperationPlan, output: object, requestId: string): WireAnswer {
      const answer = binding.write(operation, output as Record<string, unknown>);
      return { ...answer, headers: { ...answer.headers, "x-amzn-requestid": requestId } };
    },

    writeError(error: ErrorDocument, requestId: string): WireAnswer {
      return {
        status: error.status,
        headers: {
          "content-type": "application/json",
          "x-amzn-errortype": error.name,
          "x-amzn-requestid": requestId,
        },
        body: JSON.stringify({ ...error.members, [error.messageMember]: error.message }),
      };
    },
  };
}
