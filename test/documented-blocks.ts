/** Blocks of a page that are run or written by tests, found by the mark above them: `<!-- run: npm -->`. */
export function documentedBlock(page: string, mark: string): string {
  const marked = `<!-- ${mark} -->\n\`\`\``;
  const start = page.indexOf(marked);
  const begin = page.indexOf("\n", start + marked.length) + 1;
  const end = page.indexOf("```", begin);
  if (start < 0 || end < 0) throw new Error(`The page has no block "${mark}"`);
  return page.slice(begin, end);
}

export function documentedMarks(page: string, kind: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^<!-- (${kind}: .+) -->$`, "gm"))].map(([, mark = ""]) => mark);
}
