import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

export type Member =
  | string
  | { readonly text?: string; readonly type?: "symlink" | "link"; readonly to?: string };

/** A gzipped tar of these members, whatever their names. */
export async function sdistArchive(members: Readonly<Record<string, Member>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, member] of Object.entries(members)) {
    if (typeof member === "string") archive.entry({ name }, member);
    else archive.entry({ name, type: member.type ?? "file", linkname: member.to ?? "" }, member.text ?? "");
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}
