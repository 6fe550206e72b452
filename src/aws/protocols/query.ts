import { AwsError } from "../errors.ts";
import type { OperationPlan, ServiceSchemas } from "../schemas.ts";
import type { WireAnswer } from "../wire.ts";
import { formOperation, formParameters, readForm } from "./form-values.ts";
import type { ErrorDocument, ServiceDescription, WireProtocol } from "./protocol.ts";
import { schemaMembers, structureSchema, xmlWriter } from "./writers.ts";
import { escapeXml, xmlElements } from "./xml-text.ts";

/**
 * awsQuery (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html): Action and parameters as a form in the body of a POST, or in
 * the query string of a GET; XML back, in an envelope. The Version parameter is not insisted on: every service here
 * has had one version only.
 */
export function queryProtocol(service: ServiceDescription, schemas: ServiceSchemas): WireProtocol {
  const namespace = service.xmlNamespace ?? "";
  const write = xmlWriter(namespace);
  const envelopes = new Map<OperationPlan, ReturnType<typeof structureSchema>>();

  function envelope(operation: OperationPlan): ReturnType<typeof structureSchema> {
    let schema = envelopes.get(operation);
    if (!schema) {
      const output = operation.outputSchema;
      const result = structureSchema(`${operation.name}Result`, 0, schemaMembers(output));
      const metadata = structureSchema("ResponseMetadata", 0, [["RequestId", 0]]);
      schema = structureSchema(`${operation.name}Response`, 0, [
        ...(output.isUnitSchema() ? [] : [[`${operation.name}Result`, () => result] as const]),
        ["ResponseMetadata", () => metadata],
      ]);
      envelopes.set(operation, schema);
    }
    return schema;
  }

  return {
    notImplementedCode: "InvalidAction",
    malformed: (reason) => new AwsError("MalformedInput", reason),

    route: (request) =>
      formOperation(
        schemas,
        request,
        (action) => `Could not find operation ${action} for version ${service.apiVersion}`,
      ),

    read: (operation, request) => readForm(operation.input, formParameters(request), "query"),

    write(operation: OperationPlan, output: object, requestId: string): WireAnswer {
      const body = write(envelope(operation), {
        [`${operation.name}Result`]: output,
        ResponseMetadata: { RequestId: requestId },
      });
      return { status: 200, headers: headers(requestId), body };
    },

    writeError(error: ErrorDocument, requestId: string): WireAnswer {
      const fields = {
        Type: error.status < 500 ? "Sender" : "Receiver",
        Code: error.queryCode,
        Message: error.message,
        ...error.members,
      };
      const body =
        `<ErrorResponse xmlns="${namespace}"><Error>${xmlElements(fields)}</Error>` +
        `<RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`;
      return { status: error.status, headers: headers(requestId), body };
    },
  };
}

function headers(requestId: string): Record<string, string> {
  return { "content-type": "text/xml", "x-amzn-requestid": requestId };
}
