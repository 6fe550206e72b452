/** The reading half of the package engine; the writing half is versions/, and index.ts makes one of both. */
import type { CodeArtifactContext } from "../context.ts";
import type { Packages } from "../engine.ts";
import { listPackages } from "./list-packages.ts";
import { openAsset } from "./open-asset.ts";
import { openRepository } from "./open-repository.ts";
import { getDocument } from "./package-documents.ts";
import { createRendered } from "./rendered.ts";
import { loadView } from "./view.ts";

export type Reading = Pick<
  Packages,
  "openRepository" | "view" | "rendered" | "openAsset" | "getDocument" | "listPackages"
>;

const RENDERED_BYTES = 64 * 1024 * 1024;

export function createReading(context: CodeArtifactContext): Reading {
  return {
    openRepository: (call, address, action) => openRepository(context, call, address, action),
    view: async (repository, format, name) => (await loadView(context, repository, format, name)).view,
    rendered: createRendered(context, RENDERED_BYTES),
    openAsset: (call, repository, format, name, version, asset) =>
      openAsset(context, call, repository, format, name, version, asset),
    getDocument: (repository, format, name, document) =>
      getDocument(context, repository, format, name, document),
    listPackages: (repository, format, options) => listPackages(context, repository, format, options),
  };
}
