import type { ConstraintTable } from "./constraints/table.ts";
import { createValidator } from "./constraints/validate.ts";
import type { ServiceDescription } from "./protocols/protocol.ts";
import { readServiceSchemas } from "./schemas.ts";
import { createServiceModel } from "./service-model.ts";
import type { ServiceModel } from "./wire.ts";

/**
 * The AWS services that are spoken here. An SDK client takes about 80 ms to load (EC2's 400), so each is loaded with
 * its service's first request and none at start. The imports are literal: the single executable is bundled from them.
 */
interface ServiceEntry extends ServiceDescription {
  /** The service in the scope of a SigV4 signature. */
  readonly signingNames: readonly string[];
  readonly loadClient: () => Promise<object>;
  readonly loadConstraints: () => Promise<{ readonly default: unknown }>;
}

const SERVICES = {
  ecr: {
    title: "Amazon ECR",
    protocol: "awsJson1_1",
    signingNames: ["ecr"],
    targetPrefix: "AmazonEC2ContainerRegistry_V20150921",
    apiVersion: "2015-09-21",
    loadClient: () => import("@aws-sdk/client-ecr"),
    loadConstraints: () => import("./constraints/ecr.generated.json", { with: { type: "json" } }),
  },
  codeartifact: {
    title: "AWS CodeArtifact",
    protocol: "restJson1",
    signingNames: ["codeartifact"],
    apiVersion: "2018-09-22",
    loadClient: () => import("@aws-sdk/client-codeartifact"),
    loadConstraints: () => import("./constraints/codeartifact.generated.json", { with: { type: "json" } }),
  },
  s3: {
    title: "Amazon S3",
    protocol: "restXml",
    signingNames: ["s3"],
    apiVersion: "2006-03-01",
    xmlNamespace: "http://s3.amazonaws.com/doc/2006-03-01/",
    bucketAddressing: true,
    loadClient: () => import("@aws-sdk/client-s3"),
    loadConstraints: () => import("./constraints/s3.generated.json", { with: { type: "json" } }),
  },
  kms: {
    title: "AWS KMS",
    protocol: "awsJson1_1",
    signingNames: ["kms"],
    targetPrefix: "TrentService",
    apiVersion: "2014-11-01",
    loadClient: () => import("@aws-sdk/client-kms"),
    loadConstraints: () => import("./constraints/kms.generated.json", { with: { type: "json" } }),
  },
  imagebuilder: {
    title: "EC2 Image Builder",
    protocol: "restJson1",
    signingNames: ["imagebuilder"],
    apiVersion: "2019-12-02",
    loadClient: () => import("@aws-sdk/client-imagebuilder"),
    loadConstraints: () => import("./constraints/imagebuilder.generated.json", { with: { type: "json" } }),
  },
  eventbridge: {
    title: "Amazon EventBridge",
    protocol: "awsJson1_1",
    signingNames: ["events"],
    targetPrefix: "AWSEvents",
    apiVersion: "2015-10-07",
    loadClient: () => import("@aws-sdk/client-eventbridge"),
    loadConstraints: () => import("./constraints/eventbridge.generated.json", { with: { type: "json" } }),
  },
  sns: {
    title: "Amazon SNS",
    protocol: "query",
    signingNames: ["sns"],
    apiVersion: "2010-03-31",
    xmlNamespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    loadClient: () => import("@aws-sdk/client-sns"),
    loadConstraints: () => import("./constraints/sns.generated.json", { with: { type: "json" } }),
  },
  sqs: {
    title: "Amazon SQS",
    // Clients from before 2023 speak the query protocol, of which the SDK no longer has the schemas.
    protocol: "awsJson1_0",
    signingNames: ["sqs"],
    targetPrefix: "AmazonSQS",
    queryCompatible: true,
    apiVersion: "2012-11-05",
    loadClient: () => import("@aws-sdk/client-sqs"),
    loadConstraints: () => import("./constraints/sqs.generated.json", { with: { type: "json" } }),
  },
  cloudformation: {
    title: "AWS CloudFormation",
    protocol: "query",
    signingNames: ["cloudformation"],
    apiVersion: "2010-05-15",
    xmlNamespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    loadClient: () => import("@aws-sdk/client-cloudformation"),
    loadConstraints: () => import("./constraints/cloudformation.generated.json", { with: { type: "json" } }),
  },
  iam: {
    title: "AWS IAM",
    protocol: "query",
    signingNames: ["iam"],
    apiVersion: "2010-05-08",
    xmlNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    loadClient: () => import("@aws-sdk/client-iam"),
    loadConstraints: () => import("./constraints/iam.generated.json", { with: { type: "json" } }),
  },
  sts: {
    title: "AWS STS",
    protocol: "query",
    signingNames: ["sts"],
    apiVersion: "2011-06-15",
    xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    loadClient: () => import("@aws-sdk/client-sts"),
    loadConstraints: () => import("./constraints/sts.generated.json", { with: { type: "json" } }),
  },
  ssm: {
    title: "AWS Systems Manager",
    protocol: "awsJson1_1",
    signingNames: ["ssm"],
    targetPrefix: "AmazonSSM",
    apiVersion: "2014-11-06",
    loadClient: () => import("@aws-sdk/client-ssm"),
    loadConstraints: () => import("./constraints/ssm.generated.json", { with: { type: "json" } }),
  },
  lambda: {
    title: "AWS Lambda",
    protocol: "restJson1",
    signingNames: ["lambda"],
    apiVersion: "2015-03-31",
    loadClient: () => import("@aws-sdk/client-lambda"),
    loadConstraints: () => import("./constraints/lambda.generated.json", { with: { type: "json" } }),
  },
  ec2: {
    title: "Amazon EC2",
    protocol: "ec2Query",
    signingNames: ["ec2"],
    apiVersion: "2016-11-15",
    xmlNamespace: "http://ec2.amazonaws.com/doc/2016-11-15",
    loadClient: () => import("@aws-sdk/client-ec2"),
    loadConstraints: () => import("./constraints/ec2.generated.json", { with: { type: "json" } }),
  },
} as const satisfies Readonly<Record<string, ServiceEntry>>;

export type ModelKey = keyof typeof SERVICES;

export const modelKeys: readonly ModelKey[] = Object.keys(SERVICES) as ModelKey[];

export function serviceDescription(key: ModelKey): ServiceDescription {
  return SERVICES[key];
}

/** The models a signature for this service name may be meant for; `events` -> `eventbridge`. Empty for a service not spoken here. */
export function modelsForSigningName(name: string): readonly ModelKey[] {
  return bySigningName.get(name) ?? [];
}

const bySigningName = new Map<string, ModelKey[]>();
for (const key of modelKeys) {
  for (const name of SERVICES[key].signingNames) {
    bySigningName.set(name, [...(bySigningName.get(name) ?? []), key]);
  }
}

const loaded = new Map<string, Promise<ServiceModel>>();

/** The model of a service; loads the SDK client on first use. Rejects for a key that is not in the table. */
export function loadServiceModel(key: string): Promise<ServiceModel> {
  let model = loaded.get(key);
  if (!model) {
    model = load(key);
    loaded.set(key, model);
  }
  return model;
}

async function load(key: string): Promise<ServiceModel> {
  if (!isModelKey(key)) throw new Error(`There is no model of a service '${key}'`);
  const entry: ServiceEntry = SERVICES[key];
  const [client, constraints] = await Promise.all([entry.loadClient(), entry.loadConstraints()]);
  // The generated files are ours: scripts/generate-constraints writes them in this form.
  const validator = createValidator(key, constraints.default as ConstraintTable);
  return createServiceModel(key, entry, readServiceSchemas(client), validator);
}

function isModelKey(key: string): key is ModelKey {
  return Object.hasOwn(SERVICES, key);
}
