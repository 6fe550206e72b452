import type { WireRequest } from "../aws/wire.ts";

/**
 * Which service a request without a usable signature was probably meant for, so that it gets its error in a
 * form its client can read. The scope of a signature says it for sure; this is for all others.
 */
export type GuessedModel = string;

type Guess = (request: WireRequest, hostService: string | undefined) => GuessedModel | undefined;

/** `api.ecr` and the like: what hosts call a service, where its model is called otherwise. */
const MODEL_OF_HOST: Readonly<Record<string, string>> = { "api.ecr": "ecr", events: "eventbridge" };

const MODEL_OF_TARGET: Readonly<Record<string, string>> = {
  AmazonEC2ContainerRegistry_V20150921: "ecr",
  TrentService: "kms",
  AWSEvents: "eventbridge",
  AmazonSQS: "sqs",
  AmazonSSM: "ssm",
};

/** First guess wins. */
const GUESSES: readonly Guess[] = [
  ({ headers }) => {
    const target = headers["x-amz-target"];
    // Any JSON service's document will do for an unknown target: they differ in nothing a client looks at.
    return target === undefined ? undefined : (MODEL_OF_TARGET[target.split(".")[0] ?? ""] ?? "ecr");
  },
  (_request, hostService) =>
    hostService === undefined ? undefined : (MODEL_OF_HOST[hostService] ?? hostService),
  ({ headers }) => (headers["content-type"]?.startsWith("application/x-amz-json") ? "ecr" : undefined),
  ({ headers, target }) =>
    headers["content-type"]?.startsWith("application/x-www-form-urlencoded") || /[?&]Action=/.test(target)
      ? "sts"
      : undefined,
  ({ headers, target }) =>
    headers["content-type"]?.startsWith("application/json") || target.startsWith("/v1/")
      ? "codeartifact"
      : undefined,
];

/** Model keys, best first; the last one always exists. What is left looks like S3: any method on any path. */
export function guessModels(request: WireRequest, hostService: string | undefined): readonly GuessedModel[] {
  const guesses = GUESSES.map((guess) => guess(request, hostService));
  return [...guesses.filter((guess) => guess !== undefined), "s3"];
}
