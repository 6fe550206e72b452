import { Readable } from "node:stream";
import type { Operation, ServiceModel, WireAnswer } from "./wire.ts";

/** Status and headers of an answer, and the bytes that follow when its body streams. They are closed when it throws. */
export function streamedAnswer(
  model: ServiceModel,
  operation: Operation,
  output: object,
  requestId: string,
): { readonly answer: WireAnswer; readonly bytes: Readable | undefined } {
  const { streamingOutput } = operation;
  const bytes: unknown = streamingOutput && Reflect.get(output, streamingOutput);
  if (streamingOutput === undefined || !(bytes instanceof Readable))
    return { answer: model.answer(operation, output, requestId), bytes: undefined };
  try {
    // Made for this answer, as its bytes can be read once only.
    Reflect.set(output, streamingOutput, undefined);
    return { answer: model.answer(operation, output, requestId), bytes };
  } catch (error) {
    bytes.destroy();
    throw error;
  }
}
