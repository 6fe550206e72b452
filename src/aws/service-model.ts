import type { Validator } from "./constraints/validate.ts";
import { AwsError } from "./errors.ts";
import { awsJsonProtocol } from "./protocols/aws-json.ts";
import { ec2QueryProtocol } from "./protocols/ec2-query.ts";
import { Malformed } from "./protocols/malformed.ts";
import { errorDocument, type ServiceDescription, type WireProtocol } from "./protocols/protocol.ts";
import { queryProtocol } from "./protocols/query.ts";
import { restJsonProtocol } from "./protocols/rest-json.ts";
import { restXmlProtocol } from "./protocols/rest-xml.ts";
import type { OperationPlan, ServiceSchemas } from "./schemas.ts";
import type { Protocol, ServiceModel } from "./wire.ts";

const PROTOCOLS: Readonly<
  Record<Protocol, (service: ServiceDescription, schemas: ServiceSchemas) => WireProtocol>
> = {
  awsJson1_0: awsJsonProtocol,
  awsJson1_1: awsJsonProtocol,
  restJson1: restJsonProtocol,
  restXml: restXmlProtocol,
  query: queryProtocol,
  ec2Query: ec2QueryProtocol,
};

/** Makes the model of a service from its schemas, its protocol and its constraints. */
export function createServiceModel(
  key: string,
  service: ServiceDescription,
  schemas: ServiceSchemas,
  validate: Validator,
): ServiceModel {
  const protocol = PROTOCOLS[service.protocol](service, schemas);

  /** The plan behind an operation; an operation of another model is a mistake of the caller. */
  function planOf(name: string): OperationPlan {
    const plan = schemas.operations.get(name);
    if (!plan) throw new Error(`${name} is no operation of ${service.title}`);
    return plan;
  }

  function refusingMalformed<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (error instanceof Malformed) throw protocol.malformed(error.message);
      throw error;
    }
  }

  return {
    key,
    protocol: service.protocol,
    operations: schemas.operations,

    route: (request) => refusingMalformed(() => protocol.route(request)),

    parse: async (operation, request) =>
      refusingMalformed(() => {
        const input = protocol.read(planOf(operation.name), request);
        validate(operation.name, input);
        return input;
      }),

    answer: (operation, output, requestId) => protocol.write(planOf(operation.name), output, requestId),

    error: (error, requestId) =>
      protocol.writeError(errorDocument(error, schemas.errors.get(error.name), service.protocol), requestId),

    notImplemented: (operation) =>
      new AwsError(
        protocol.notImplementedCode,
        `The operation ${operation.name} of ${service.title} exists at AWS, but Shosoin does not offer it`,
        { status: 501 },
      ),
  };
}
