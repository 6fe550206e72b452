import type { Readable } from "node:stream";
import type { PublishPackageVersionCommandInput } from "@aws-sdk/client-codeartifact";
import type { Call } from "../../../identity/call.ts";
import type { CodeArtifactContext } from "../context.ts";
import { validation } from "../errors.ts";
import { namesOf } from "./describe-versions.ts";
import { asValidation, openPackage } from "./package-access.ts";
import { publish } from "./publish.ts";
import { NO_DESCRIPTION } from "./stored-packages.ts";
import { hashMap } from "./version-assets.ts";

/** For generic packages only: every other format has clients and rules of its own for what a package is. */
export async function publishPackageVersion(
  context: CodeArtifactContext,
  call: Call,
  input: PublishPackageVersionCommandInput,
) {
  const key = await openPackage(context, call, input, "codeartifact:PublishPackageVersion");
  if (key.format !== "generic")
    throw validation(
      `Only generic packages can be published with this operation, not ${key.format} packages`,
    );
  const version = asValidation(() =>
    context.formats.get("generic").normalizeVersion(input.packageVersion ?? ""),
  );
  const published = await publish(context, call, key.repository, {
    format: key.format,
    name: key.name,
    version,
    asset: input.assetName ?? "",
    // The door leaves the body unread and sets this member to its stream.
    body: input.assetContent as Readable,
    expected: { sha256: input.assetSHA256 ?? "" },
    describe: async (_content, before) => (before ? undefined : NO_DESCRIPTION),
    status: input.unfinished ? "Unfinished" : "Published",
  });
  const { hashes } = published.asset;
  return {
    ...namesOf(key),
    package: key.name.name,
    version: published.version,
    versionRevision: published.revision,
    status: published.status,
    asset: {
      name: published.asset.name,
      size: published.asset.size,
      hashes: hashMap({ md5: "", sha1: "", sha256: "", sha512: "", ...hashes }),
    },
  };
}
