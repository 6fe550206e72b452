/** The reading half of the package engine; the writing half is versions/, and index.ts makes one of both. */
import type { CodeArtifactContext } from "../context.ts";
import type { Packages } from "../engine.ts";
import { listPackages } from "./list-packages.ts";
import { openAsset } from "./open-asset.ts";
import { openRepository } from "./open-repository.ts";
import { getDocument } from "./package-documents.ts";
import { createRendered } from "./rendered.ts";
import { createSmallAssets } from "./small-assets.ts";
import { loadView } from "./view.ts";

export type Reading = Pick<
  Packages,
  "openRepository" | "view" | "rendered" | "openAsset" | "getDocument" | "listPackages"
>;

/** Bytes of memory. */
const RENDERED_DOCUMENTS = 64 * 1024 * 1024;
const SMALL_ASSETS = 32 * 1024 * 1024;

export function createReading(context: CodeArtifactContext): Reading {
  const opening = { ...context, smallAssets: createSmallAssets(context.blobs, SMALL_ASSETS) };
  return {
    openRepository: (call, address, action) => openRepository(context, call, address, action),
    view: async (repository, format, name) => (await loadView(context, repository, format, name)).view,
    rendered: createRendered(context, RENDERED_DOCUMENTS),
    openAsset: (call, repository, format, name, version, asset) =>
      openAsset(opening, call, repository, format, name, version, asset),
    getDocument: (repository, format, name, document) =>
      getDocument(context, repository, format, name, document),
    listPackages: (repository, format, options) => listPackages(context, repository, format, options),
  };
}
