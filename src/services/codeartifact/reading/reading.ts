/** The reading half of the package engine; the writing half is versions/, and index.ts makes one of both. */

import type { CodeArtifactContext } from "../context.ts";
import type { OpenRepository, Packages, RenderedDocument } from "../engine.ts";
import { type FormatName, PackageInvalid, type PackageName } from "../format.ts";
import { createCurrent } from "./current.ts";
import { listPackages } from "./list-packages.ts";
import { openAsset } from "./open-asset.ts";
import { openRepository } from "./open-repository.ts";
import { getDocument } from "./package-documents.ts";
import { rendered } from "./rendered.ts";
import { createSmallAssets } from "./small-assets.ts";
import { normalizedOrUndefined } from "./view-merge.ts";
import { createViews } from "./views.ts";
import type { WantedPackage } from "./wanted-package.ts";

export type Reading = Pick<
  Packages,
  "openRepository" | "view" | "rendered" | "openAsset" | "getDocument" | "listPackages"
>;

/** Bytes of memory. */
const RENDERED_DOCUMENTS = 64 * 1024 * 1024;
const SMALL_ASSETS = 32 * 1024 * 1024;
const VIEWS = 16 * 1024 * 1024;

export function createReading(context: CodeArtifactContext): Reading {
  const opening = { ...context, smallAssets: createSmallAssets(context.blobs, SMALL_ASSETS) };
  const views = createViews(context, VIEWS);
  const documents = createCurrent<RenderedDocument | undefined>(context, RENDERED_DOCUMENTS);

  /** Undefined for what is no name: nobody has such a package. */
  const named = (
    repository: OpenRepository,
    format: FormatName,
    name: PackageName,
  ): WantedPackage | undefined => {
    try {
      return { repository, format, name: context.formats.get(format).normalizeName(name) };
    } catch (error) {
      if (error instanceof PackageInvalid) return undefined;
      throw error;
    }
  };

  return {
    openRepository: (call, address, action) => openRepository(context, call, address, action),
    async view(repository, format, name) {
      const wanted = named(repository, format, name);
      return wanted && (await views.get(wanted)).value;
    },
    async rendered(repository, format, name, representation, render) {
      const wanted = named(repository, format, name);
      return wanted && rendered(documents, views, wanted, representation, render);
    },
    async openAsset(call, repository, format, name, version, asset) {
      const wanted = named(repository, format, name);
      const normalized =
        version === undefined ? version : normalizedOrUndefined(context.formats.get(format), version);
      if (wanted === undefined || (version !== undefined && normalized === undefined)) return undefined;
      return openAsset(opening, call, wanted, normalized, asset);
    },
    async getDocument(repository, format, name, document) {
      const wanted = named(repository, format, name);
      return wanted && getDocument(context, wanted, document);
    },
    listPackages: (repository, format, options) => listPackages(context, repository, format, options),
  };
}
