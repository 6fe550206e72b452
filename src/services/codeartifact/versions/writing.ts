/** The writing half of the package engine, as native doors call it; the API's operations run the same functions. */
import type { CodeArtifactContext } from "../context.ts";
import type { Packages } from "../engine.ts";
import { arrange, storedVersion } from "./arrange.ts";
import { setTag } from "./dist-tags.ts";
import { putDocument } from "./package-documents.ts";
import { publish } from "./publish.ts";
import { redescribe } from "./redescribe.ts";
import { deleteVersions } from "./remove-versions.ts";
import { setStatus } from "./version-status.ts";

export type Writing = Pick<
  Packages,
  | "publish"
  | "setStatus"
  | "deleteVersions"
  | "setTag"
  | "redescribe"
  | "storedVersion"
  | "arrange"
  | "putDocument"
>;

export function createWriting(context: CodeArtifactContext): Writing {
  return {
    publish: (...request) => publish(context, ...request),
    setStatus: (...request) => setStatus(context, ...request),
    deleteVersions: (...request) => deleteVersions(context, ...request),
    setTag: (...request) => setTag(context, ...request),
    redescribe: (...request) => redescribe(context, ...request),
    storedVersion: (...request) => storedVersion(context, ...request),
    arrange: (...request) => arrange(context, ...request),
    putDocument: (...request) => putDocument(context, ...request),
  };
}
