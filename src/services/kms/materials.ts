/**
 * Key material: sealed in its row, unsealed in a bounded memory. Material never changes, so what is remembered is true as
 * long as its key's row is asked for first, which every use does (key.ts).
 */
import { randomBytes } from "node:crypto";
import type { Insertable, Selectable } from "kysely";
import { BoundedCache } from "../../bounded-cache.ts";
import type { Reader, Transaction } from "../../storage/metadata/metadata.ts";
import { type RootKey, requireSameRootKey } from "./root-key.ts";
import { openSealed, sealBytes } from "./sealed-bytes.ts";
import type { KmsMaterialsTable } from "./tables.ts";

export interface Material {
  readonly version: number;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** What the key's spec says: 32 bytes, a scalar, a PKCS #8 document. */
  readonly secret: Buffer;
}

export interface Materials {
  /** A row to be inserted in the transaction that makes the key or rotates it. */
  seal(
    keyId: string,
    version: number,
    secret: Uint8Array,
    made: { readonly at: Date; readonly rotation?: "AUTOMATIC" | "ON_DEMAND" },
  ): Insertable<KmsMaterialsTable>;
  /** Throws RootKeyProblem when the root key has been changed meanwhile. A version that is there already stays. */
  insert(tx: Transaction, row: Insertable<KmsMaterialsTable>): Promise<void>;
  /** Undefined when there is no such version, as of a key that was deleted. */
  find(keyId: string, version: number): Promise<Material | undefined>;
}

/** The row is there and the root key does not open it: the row was changed by other hands. */
export class MaterialDamaged extends Error {
  override readonly name = "MaterialDamaged";
}

const REMEMBERED = 1_000;

export function createMaterials(reader: Reader, rootKey: RootKey): Materials {
  const known = new BoundedCache<string, Material>(REMEMBERED);
  return {
    seal: (keyId, version, secret, { at, rotation }) => ({
      key_id: keyId,
      version,
      material_id: randomBytes(32).toString("hex"),
      sealed: sealBytes(rootKey.bytes, "master-key", placeOf(keyId, version), secret),
      created_at: at.getTime(),
      rotation_type: rotation ?? null,
    }),
    async insert(tx, row) {
      await requireSameRootKey(tx, rootKey);
      await tx
        .insertInto("kms_materials")
        .values(row)
        .onConflict((conflict) => conflict.columns(["key_id", "version"]).doNothing())
        .execute();
    },
    async find(keyId, version) {
      const name = `${keyId}/${version}`;
      const remembered = known.get(name);
      if (remembered) return remembered;
      const row = await reader
        .selectFrom("kms_materials")
        .select(["material_id", "sealed"])
        .where("key_id", "=", keyId)
        .where("version", "=", version)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const secret = openSealed(rootKey.bytes, "master-key", placeOf(keyId, version), row.sealed);
      if (secret === undefined)
        throw new MaterialDamaged(`the material ${name} does not open under this server's root key`);
      const material = { version, id: row.material_id, secret };
      known.set(name, material);
      return material;
    },
  };
}

/** The same material sealed under another root key. Throws MaterialDamaged. */
export function resealMaterial(
  row: Pick<Selectable<KmsMaterialsTable>, "key_id" | "version" | "sealed">,
  from: RootKey,
  to: RootKey,
): Uint8Array {
  const place = placeOf(row.key_id, row.version);
  const secret = openSealed(from.bytes, "master-key", place, row.sealed);
  if (secret === undefined)
    throw new MaterialDamaged(`the material ${row.key_id}/${row.version} does not open under the root key`);
  return sealBytes(to.bytes, "master-key", place, secret);
}

/** A row that was put in another one's place does not open. */
function placeOf(keyId: string, version: number): Buffer {
  return Buffer.from(`${keyId}/${version}`);
}
