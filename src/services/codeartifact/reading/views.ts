/** Views, kept a while: of one package several documents are rendered, and each of its files is looked up in it. */
import type { CodeArtifactContext } from "../context.ts";
import type { PackageView } from "../engine.ts";
import { repositoryNotFound } from "../errors.ts";
import { createCurrent, type Made } from "./current.ts";
import { loadView } from "./view.ts";
import type { WantedPackage } from "./wanted-package.ts";

export interface Views {
  get(wanted: WantedPackage): Promise<Made<PackageView | undefined>>;
}

/** @param memory bytes, roughly */
export function createViews(context: CodeArtifactContext, memory: number): Views {
  const current = createCurrent<PackageView | undefined>(context, memory);
  return {
    async get(wanted) {
      const made = await current.get(wanted, "", () => loadView(context, wanted));
      const { name, domain, owner } = wanted.repository;
      if (made === undefined) throw repositoryNotFound(name, domain, owner);
      return made;
    },
  };
}
