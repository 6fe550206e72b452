import type { Metadata } from "../../storage/metadata/metadata.ts";

/** How many rows one transaction updates, so that other writers never wait long. */
const BATCH = 200;

/**
 * When images were pulled, collected in memory and written each minute: no write per pull. ECR promises
 * lastRecordedPullTime only once in 24 hours (ECR API reference, ImageDetail), so a crash may lose the last minute of it.
 */
export class PullTimes {
  #pending = new Map<string, Map<string, number>>();

  record(repositoryId: string, digest: string, at: Date): void {
    let images = this.#pending.get(repositoryId);
    if (images === undefined) {
      images = new Map();
      this.#pending.set(repositoryId, images);
    }
    images.set(digest, Math.max(at.getTime(), images.get(digest) ?? 0));
  }

  /** Milliseconds since the epoch of a pull that is not written yet. */
  pending(repositoryId: string, digest: string): number | undefined {
    return this.#pending.get(repositoryId)?.get(digest);
  }

  /** Writes what is pending; what cannot be written stays pending and the error is thrown. */
  async flush(metadata: Metadata): Promise<void> {
    const rows = [...this.#pending].flatMap(([repositoryId, images]) =>
      [...images].map(([digest, at]) => ({ repositoryId, digest, at })),
    );
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH);
      await metadata.write(async (tx) => {
        for (const { repositoryId, digest, at } of batch) {
          await tx
            .updateTable("ecr_images")
            .set({ last_pulled_at: at })
            .where("repository_id", "=", repositoryId)
            .where("digest", "=", digest)
            .where((where) =>
              where.or([where("last_pulled_at", "is", null), where("last_pulled_at", "<", at)]),
            )
            .execute();
        }
      });
      for (const { repositoryId, digest, at } of batch) this.#forget(repositoryId, digest, at);
    }
  }

  #forget(repositoryId: string, digest: string, at: number): void {
    const images = this.#pending.get(repositoryId);
    if (images?.get(digest) === at) images.delete(digest);
    if (images?.size === 0) this.#pending.delete(repositoryId);
  }
}
