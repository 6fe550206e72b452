/** A code unit, or one of the two wildcards. */
export type Unit = number;
export const ANY: Unit = -1;
export const ONE: Unit = -2;

const WORD = 32;

/**
 * Whether the whole text fits a pattern, for long ones: all places of the pattern at once, 32 in a word ("Shift-And",
 * Baeza-Yates and Gonnet, "A New Approach to Text Searching", 1992). A stranger's policy of 20 KiB over a header of 30
 * KiB then costs a thirty-second of what trying place after place does.
 */
export function matchesLong(pattern: readonly Unit[], text: string): boolean {
  const { loops, hits, otherwise, last } = compile(pattern);
  const state = new Uint32Array(loops.length);
  state[0] = 1;
  for (let position = 0; position < text.length; position++) {
    const hit = hits.get(text.charCodeAt(position)) ?? otherwise;
    let carry = 0;
    let alive = 0;
    for (let word = 0; word < state.length; word++) {
      const before = state[word] ?? 0;
      const moving = before & (hit[word] ?? 0);
      const after = (moving << 1) | carry | (before & (loops[word] ?? 0));
      carry = moving >>> (WORD - 1);
      state[word] = after;
      alive |= after;
    }
    if (alive === 0) return false;
  }
  return has(state, last);
}

/** Place `n` is behind the first `n` units that are no `*`; where a `*` stands, any text stays in place. */
function compile(pattern: readonly Unit[]) {
  const last = pattern.filter((unit) => unit !== ANY).length;
  const words = Math.floor(last / WORD) + 1;
  const loops = new Uint32Array(words);
  const otherwise = new Uint32Array(words);
  let place = 0;
  for (const unit of pattern) {
    if (unit === ANY) set(loops, place);
    else {
      if (unit === ONE) set(otherwise, place);
      place++;
    }
  }
  const hits = new Map<Unit, Uint32Array>();
  place = 0;
  for (const unit of pattern) {
    if (unit === ANY) continue;
    if (unit !== ONE) {
      const known = hits.get(unit) ?? otherwise.slice();
      set(known, place);
      hits.set(unit, known);
    }
    place++;
  }
  return { loops, hits, otherwise, last };
}

function set(bits: Uint32Array, place: number): void {
  const word = Math.floor(place / WORD);
  bits[word] = (bits[word] ?? 0) | (1 << (place % WORD));
}

function has(bits: Uint32Array, place: number): boolean {
  return (((bits[Math.floor(place / WORD)] ?? 0) >>> (place % WORD)) & 1) === 1;
}
