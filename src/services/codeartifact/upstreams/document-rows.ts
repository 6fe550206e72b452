import type { Metadata, Transaction } from "../../../storage/metadata/metadata.ts";

/** One address in one representation at one connection. */
export interface DocumentKey {
  readonly connection: string;
  readonly url: string;
  /** The Accept header. */
  readonly accept: string;
}

/** What is known of a document besides its content. */
export interface DocumentHead {
  readonly status: 200 | 404;
  readonly answeredUrl: string;
  readonly contentType: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly revision: string;
  readonly validatedAt: number;
}

/** A head as the database has it. */
export interface StoredHead extends DocumentHead {
  /** To the day. */
  readonly usedAt: number;
}

export const NOWHERE: Omit<DocumentHead, "validatedAt"> = {
  status: 404,
  answeredUrl: "",
  contentType: "",
  etag: null,
  lastModified: null,
  revision: "none",
};

/** The rows of codeartifact_upstream_documents. */
export function createDocumentRows({ metadata }: { readonly metadata: Metadata }) {
  const rowOf = (key: DocumentKey) =>
    metadata.reader
      .selectFrom("codeartifact_upstream_documents")
      .where("connection", "=", key.connection)
      .where("url", "=", key.url)
      .where("accept", "=", key.accept);

  return {
    async head(key: DocumentKey): Promise<StoredHead | undefined> {
      const row = await rowOf(key)
        .select([
          "status",
          "answered_url",
          "content_type",
          "etag",
          "last_modified",
          "revision",
          "validated_at",
          "used_at",
        ])
        .executeTakeFirst();
      if (!row) return undefined;
      return {
        status: row.status === 200 ? 200 : 404,
        answeredUrl: row.answered_url,
        contentType: row.content_type,
        etag: row.etag,
        lastModified: row.last_modified,
        revision: row.revision,
        validatedAt: row.validated_at,
        usedAt: row.used_at,
      };
    },

    /** Gzip. Undefined when another server has put another revision in its place. */
    async content(key: DocumentKey, revision: string): Promise<Uint8Array | undefined> {
      const row = await rowOf(key).where("revision", "=", revision).select("content").executeTakeFirst();
      return row?.content;
    },

    async put(tx: Transaction, key: DocumentKey, head: DocumentHead, content: Uint8Array): Promise<void> {
      const values = {
        status: head.status,
        answered_url: head.answeredUrl,
        content_type: head.contentType,
        etag: head.etag,
        last_modified: head.lastModified,
        revision: head.revision,
        validated_at: head.validatedAt,
        used_at: head.validatedAt,
        content,
      };
      await tx
        .insertInto("codeartifact_upstream_documents")
        .values({ ...key, ...values })
        .onConflict((conflict) => conflict.columns(["connection", "url", "accept"]).doUpdateSet(values))
        .execute();
    },

    async used(tx: Transaction, key: DocumentKey, at: number): Promise<void> {
      await tx
        .updateTable("codeartifact_upstream_documents")
        .set({ used_at: at })
        .where("connection", "=", key.connection)
        .where("url", "=", key.url)
        .where("accept", "=", key.accept)
        .execute();
    },

    async remove(tx: Transaction, key: DocumentKey): Promise<void> {
      await tx
        .deleteFrom("codeartifact_upstream_documents")
        .where("connection", "=", key.connection)
        .where("url", "=", key.url)
        .where("accept", "=", key.accept)
        .execute();
    },
  };
}
