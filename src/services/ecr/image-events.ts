/**
 * What EventBridge hears about images (ECR user guide, "Amazon ECR events and EventBridge"), in its kebab-case keys;
 * referrers have their own detail-type.
 */
import type { AccountId, Region } from "../../aws/names.ts";
import type { NewEvent } from "../../events/events.ts";
import type { Call } from "../../identity/call.ts";
import type { Manifest } from "./manifest.ts";
import type { Repository } from "./repository-access.ts";

export interface ImageDescription {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | null;
  readonly subjectDigest: string | null;
}

export function imagePushed(
  call: Call,
  repository: Repository,
  image: { digest: string; tag: string | undefined; manifest: Manifest },
): NewEvent {
  const { digest, tag, manifest } = image;
  return imageEvent(call, repository, "PUSH", tag, {
    digest,
    mediaType: manifest.mediaType,
    artifactType: manifest.artifactType ?? null,
    subjectDigest: manifest.subject?.digest ?? null,
  });
}

export function imageDeleted(
  call: Call,
  repository: Repository,
  tag: string | undefined,
  image: ImageDescription,
): NewEvent {
  return imageEvent(call, repository, "DELETE", tag, image);
}

function imageEvent(
  call: Call,
  repository: Repository,
  action: "PUSH" | "DELETE",
  tag: string | undefined,
  image: ImageDescription,
): NewEvent {
  const referrer = image.subjectDigest !== null;
  return {
    source: "aws.ecr",
    detailType: referrer ? "ECR Referrer Action" : "ECR Image Action",
    account: repository.account as AccountId,
    region: repository.region as Region,
    time: call.now,
    resources: [],
    detail: {
      result: "SUCCESS",
      "repository-name": repository.name,
      "image-digest": image.digest,
      "action-type": action,
      "image-tag": tag ?? "",
      ...(referrer && {
        "manifest-media-type": image.mediaType,
        "artifact-media-type": image.artifactType ?? "",
      }),
    },
  };
}
