import { hash } from "node:crypto";
import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { Member } from "../shape.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import { routeTable } from "./http-routes.ts";
import { type HttpTarget, httpTarget } from "./http-target.ts";
import type { ErrorDocument, ServiceDescription, WireProtocol } from "./protocol.ts";
import { restBinding } from "./rest.ts";
import { xmlWriter } from "./writers.ts";
import { escapeXml, xmlElements } from "./xml-text.ts";
import { readXmlDocument } from "./xml-values.ts";

/**
 * restXml as S3 speaks it (https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html, Amazon S3 API Reference "Error responses"): errors
 * are an unwrapped Error document, request ids are x-amz-request-id and x-amz-id-2. Event streams are not spoken.
 */
export function restXmlProtocol(service: ServiceDescription, schemas: ServiceSchemas): WireProtocol {
  const bucketAddressing = service.bucketAddressing === true;
  const namespace = service.xmlNamespace ?? "";
  const routes = routeTable(schemas.operations.values(), bucketAddressing);
  const writeXml = xmlWriter(namespace);
  const binding = restBinding({
    contentType: "application/xml",
    read: readXmlDocument,
    write: ({ schema }, value) => DECLARATION + writeXml(schema, value),
    outside: { malformed: invalidArgument },
  });

  return {
    notImplementedCode: "NotImplemented",
    malformed: () =>
      new AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
      ),

    route(request: WireRequest): OperationPlan {
      const route = routes.find(request, httpTarget(request, bucketAddressing));
      if (!route) {
        throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
          status: 405,
          members: { Method: request.method },
        });
      }
      return route.operation;
    },

    read(operation: OperationPlan, request: WireRequest): object {
      const route = routes.of(operation);
      if (!route) throw new AwsError("MethodNotAllowed", `${operation.name} has no path`, { status: 405 });
      return binding.read(operation, route, request, httpTarget(request, bucketAddressing));
    },

    write(operation: OperationPlan, output: object, requestId: string): WireAnswer {
      const given = output as Record<string, unknown>;
      const answer = binding.write(operation, given);
      const root = UNWRAPPED.get(operation.name);
      Object.assign(answer.headers, requestIds(requestId));
      return root === undefined ? answer : { ...answer, body: unwrapped(root, given[root], namespace) };
    },

    writeError(error: ErrorDocument, requestId: string): WireAnswer {
      const fields = {
        Code: error.name,
        Message: error.message,
        ...error.members,
        RequestId: requestId,
        HostId: hostId(requestId),
      };
      return {
        status: error.status,
        headers: { "content-type": "application/xml", ...requestIds(requestId) },
        body: `${DECLARATION}<Error>${xmlElements(fields)}</Error>`,
      };
    },
  };
}

/** A header or parameter that cannot be read as what it is. */
function invalidArgument(member: Member, request: WireRequest, target: HttpTarget): AwsError {
  const { location, locationName, shape } = member;
  const value = location === "query" ? target.query.get(locationName)?.[0] : request.headers[locationName];
  const message =
    INVALID_ARGUMENTS[locationName] ??
    (shape.kind === "number"
      ? `Provided ${locationName} not an integer or within integer range`
      : `The value given for ${locationName} is not valid`);
  return new AwsError("InvalidArgument", message, {
    members: { ArgumentName: locationName, ArgumentValue: (value ?? "").slice(0, 1024) },
  });
}

const INVALID_ARGUMENTS: Readonly<Record<string, string>> = {
  partNumber: "Part number must be an integer between 1 and 10000, inclusive",
  "x-amz-object-lock-retain-until-date": "The retain until date must be provided in ISO 8601 format",
};

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** Outputs whose only member's text is the root element itself (trait s3UnwrappedXmlOutput, which the SDK's schemas lack). */
const UNWRAPPED: ReadonlyMap<string, string> = new Map([["GetBucketLocation", "LocationConstraint"]]);

function unwrapped(root: string, value: unknown, namespace: string): string {
  return `${DECLARATION}<${root} xmlns="${namespace}">${escapeXml(value === undefined ? "" : String(value))}</${root}>`;
}

/** The headers by which a request can be asked about. */
export function requestIds(requestId: string): Record<string, string> {
  return { "x-amz-request-id": requestId, "x-amz-id-2": hostId(requestId) };
}

/** S3's second id is 56 bytes of opaque base64 that support asks for; ours follows from the first. */
function hostId(requestId: string): string {
  return hash("sha384", requestId, "base64");
}
