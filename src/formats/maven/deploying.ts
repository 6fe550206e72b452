/**
 * What clients put at the same time, seen together. Maven 3.9 and Gradle send the files of a version in parallel and in
 * any order; a file belongs to a snapshot's current build or to one that is still coming, which the metadata decides.
 * So metadata waits for the files that were on their way before it, and files for metadata that is being worked in.
 * This orders the requests of one server; a client waits for its files before it sends the metadata anyway.
 */
export class Deploying {
  readonly #files = new Map<string, Set<Promise<unknown>>>();
  readonly #metadata = new Map<string, Promise<unknown>>();

  /** @param group what the files belong to: one package of one repository */
  async file<Result>(group: string, work: () => Promise<Result>): Promise<Result> {
    for (let running = this.#metadata.get(group); running; running = this.#metadata.get(group))
      await settled(running);
    const files = this.#files.get(group) ?? new Set();
    this.#files.set(group, files);
    const done = work();
    files.add(done);
    try {
      return await done;
    } finally {
      files.delete(done);
      if (files.size === 0 && this.#files.get(group) === files) this.#files.delete(group);
    }
  }

  async metadata<Result>(group: string, work: () => Promise<Result>): Promise<Result> {
    await this.filesSettled(group);
    for (let running = this.#metadata.get(group); running; running = this.#metadata.get(group))
      await settled(running);
    const done = work();
    this.#metadata.set(group, done);
    try {
      return await done;
    } finally {
      this.#metadata.delete(group);
    }
  }

  /** When the files that are on their way now have come, or have not. */
  async filesSettled(group: string): Promise<void> {
    await Promise.allSettled(this.#files.get(group) ?? []);
  }
}

async function settled(work: Promise<unknown>): Promise<void> {
  await work.catch(() => undefined);
}
