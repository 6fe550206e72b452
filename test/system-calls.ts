/** The calls of a trace by `strace -f` in the order in which they returned; strace splits one that another thread interrupts. */
export function completedCalls(trace: string): string[] {
  const begun = new Map<string, string>();
  const calls: string[] = [];
  for (const line of trace.split("\n")) {
    const [, thread = "", text = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = / <unfinished \.\.\.>$/.exec(text);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    if (unfinished) begun.set(thread, text.slice(0, unfinished.index));
    else if (resumed) calls.push(`${begun.get(thread) ?? ""}${resumed[1]}`);
    else calls.push(text);
  }
  return calls;
}
