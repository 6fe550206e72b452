/** The registry as native clients' doors see it (engine.ts): the functions of this room, bound to what they work with. */
import type { EcrContext } from "./context.ts";
import { deleteManifest } from "./delete-image.ts";
import type { Registry } from "./engine.ts";
import { getManifest } from "./get-image.ts";
import { mountLayer } from "./layer-mount.ts";
import {
  appendToLayerUpload,
  cancelLayerUpload,
  finishLayerUpload,
  layerUploadSize,
  putLayer,
  startLayerUpload,
} from "./layer-upload.ts";
import { deleteLayer, getLayer, statLayer } from "./layers.ts";
import { listTags } from "./list-images.ts";
import { requireImageTag } from "./names.ts";
import { putImage } from "./put-image.ts";
import { listReferrers } from "./referrers.ts";
import { listRepositoryNames } from "./repositories.ts";

export function createRegistry(ecr: EcrContext): Registry {
  return {
    listRepositoryNames: (call, page) => listRepositoryNames(ecr, call, page),
    listTags: (call, repository, page) => listTags(ecr, call, repository, page),

    getManifest: (call, repository, reference, countAsPull, accepted) =>
      getManifest(ecr, call, repository, reference, countAsPull, accepted),
    async putManifest(call, repository, { reference, tags: furtherTags = [], mediaType, bytes }) {
      const named = reference.tag === undefined ? furtherTags : [reference.tag, ...furtherTags];
      const tags = [...new Set(named)].map(requireImageTag);
      const { digest, manifest } = await putImage(ecr, call, {
        repository,
        bytes,
        mediaType,
        digest: reference.digest,
        tags,
        rules: "oci",
      });
      return { digest, tags, ...(manifest.subject && { subject: manifest.subject.digest }) };
    },
    deleteManifest: (call, repository, reference) => deleteManifest(ecr, call, repository, reference),
    listReferrers: (call, repository, subject, page) => listReferrers(ecr, call, repository, subject, page),

    statLayer: (call, repository, digest) => statLayer(ecr, call, repository, digest),
    getLayer: (call, repository, digest) => getLayer(ecr, call, repository, digest),
    deleteLayer: (call, repository, digest) => deleteLayer(ecr, call, repository, digest),

    async startLayerUpload(call, repository, options) {
      const { uploadId } = await startLayerUpload(ecr, call, repository, options);
      return { uploadId };
    },
    layerUploadSize: (call, repository, uploadId) => layerUploadSize(ecr, call, repository, uploadId),
    appendToLayerUpload: (call, repository, uploadId, body, range) =>
      appendToLayerUpload(ecr, call, repository, uploadId, body, range),
    finishLayerUpload: (call, repository, uploadId, digest) =>
      finishLayerUpload(ecr, call, repository, uploadId, digest),
    cancelLayerUpload: (call, repository, uploadId) => cancelLayerUpload(ecr, call, repository, uploadId),
    putLayer: (call, repository, digest, body) => putLayer(ecr, call, repository, digest, body),
    mountLayer: (call, repository, digest, from) => mountLayer(ecr, call, repository, digest, from),
  };
}
