/**
 * The first text after all texts that begin with `prefix`, in the order of UTF-8 bytes, which is that of code points;
 * undefined where nothing comes after them.
 */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point < 0x10ffff)
      return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return undefined;
}

/** Whether `left` comes after `right` in the order of UTF-8 bytes; JavaScript's own operators compare UTF-16. */
export function isAfter(left: string, right: string): boolean {
  return Buffer.compare(Buffer.from(left), Buffer.from(right)) > 0;
}
