import type { NormalizedSchema } from "@smithy/core/schema";
import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { WireAnswer } from "../wire.ts";
import { formOperation, formParameters, readForm } from "./form-values.ts";
import type { ErrorDocument, ServiceDescription, WireProtocol } from "./protocol.ts";
import { schemaMembers, structureSchema, xmlWriter } from "./writers.ts";
import { escapeXml, xmlElements } from "./xml-text.ts";

/**
 * ec2Query (https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html): as awsQuery, but lists are `Name.1`, names capitalised, and
 * answers hold the request id and the members side by side. An operation without output answers `<return>true</return>`.
 */
export function ec2QueryProtocol(service: ServiceDescription, schemas: ServiceSchemas): WireProtocol {
  const write = xmlWriter(service.xmlNamespace ?? "");
  const envelopes = new Map<OperationPlan, NormalizedSchema>();

  function envelope(operation: OperationPlan): NormalizedSchema {
    let schema = envelopes.get(operation);
    if (!schema) {
      const output = operation.outputSchema;
      schema = structureSchema(`${operation.name}Response`, 0, [
        ["requestId", 0],
        ...(output.isUnitSchema() ? [["return", 2] as const] : schemaMembers(output)),
      ]);
      envelopes.set(operation, schema);
    }
    return schema;
  }

  return {
    notImplementedCode: "InvalidAction",
    malformed: (reason) => new AwsError("InvalidParameterValue", reason),

    route: (request) =>
      formOperation(schemas, request, (action) => `The action ${action} is not valid for this web service.`),

    read: (operation, request) => readForm(operation.input, formParameters(request), "ec2Query"),

    write(operation: OperationPlan, output: object, requestId: string): WireAnswer {
      const body = write(envelope(operation), { ...output, requestId, return: true });
      return { status: 200, headers: headers(requestId), body: DECLARATION + body };
    },

    writeError(error: ErrorDocument, requestId: string): WireAnswer {
      const fields = { Code: error.queryCode, Message: error.message, ...error.members };
      const body =
        `<Response><Errors><Error>${xmlElements(fields)}</Error></Errors>` +
        `<RequestID>${escapeXml(requestId)}</RequestID></Response>`;
      return { status: error.status, headers: headers(requestId), body: DECLARATION + body };
    },
  };
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

function headers(requestId: string): Record<string, string> {
  return { "content-type": "text/xml;charset=UTF-8", "x-amzn-requestid": requestId };
}
