/**
 * `shosoin root-key change`: everything that the root key seals is sealed under another one, in one transaction. What lies
 * encrypted stays as it is: its keys do not change, only what protects them.
 */
import type { Metadata, Transaction } from "../../storage/metadata/metadata.ts";
import { resealMaterial } from "./materials.ts";
import {
  checkValue,
  openRootKey,
  type RootKey,
  RootKeyProblem,
  type RootKeySource,
  readOrMakeRootKey,
} from "./root-key.ts";

const USAGE = "usage: shosoin root-key change --new-root-key-file FILE";

/** Rows read at a time. */
const BATCH = 500;

/** Where the new root key lies or is to lie. Throws RootKeyProblem where the command does not say it. */
export function newRootKeyFile(words: readonly string[], newFile: string | undefined): string {
  if (words.length !== 1 || words[0] !== "change") throw new RootKeyProblem(USAGE);
  if (newFile === undefined) throw new RootKeyProblem(`The new root key's file is missing: ${USAGE}`);
  return newFile;
}

/** No server may use the database meanwhile. Resolves to what is printed. Throws RootKeyProblem. */
export async function runRootKeyCommand(
  metadata: Metadata,
  { current, newFile }: { readonly current: RootKeySource; readonly newFile: string },
  now: Date,
): Promise<string> {
  const from = await openRootKey(
    metadata,
    current.kind === "file" ? { ...current, make: false } : current,
    now,
  );
  const to = await readOrMakeRootKey(newFile);
  const count = await metadata.write((tx) => reseal(tx, from, to));
  return [
    `${count} keys are sealed under the root key in ${newFile} now. The old one opens this database no more, but backups of it from before.`,
    `Start the server with --root-key-file ${newFile}, or put it where the old one was.`,
    "",
  ].join("\n");
}

async function reseal(tx: Transaction, from: RootKey, to: RootKey): Promise<number> {
  let count = 0;
  for (let last: { readonly keyId: string; readonly version: number } | undefined; ; ) {
    const rows = await tx
      .selectFrom("kms_materials")
      .select(["key_id", "version", "sealed"])
      .$if(last !== undefined, (query) =>
        query.where((where) =>
          where.or([
            where("key_id", ">", last?.keyId ?? ""),
            where.and([where("key_id", "=", last?.keyId ?? ""), where("version", ">", last?.version ?? 0)]),
          ]),
        ),
      )
      .orderBy("key_id")
      .orderBy("version")
      .limit(BATCH)
      .execute();
    for (const row of rows) {
      await tx
        .updateTable("kms_materials")
        .set({ sealed: resealMaterial(row, from, to) })
        .where("key_id", "=", row.key_id)
        .where("version", "=", row.version)
        .execute();
    }
    count += rows.length;
    const end = rows.at(-1);
    if (end === undefined || rows.length < BATCH) break;
    last = { keyId: end.key_id, version: end.version };
  }
  await tx
    .updateTable("kms_root")
    .set({ check_value: checkValue(to.bytes) })
    .where("id", "=", "root")
    .execute();
  return count;
}
