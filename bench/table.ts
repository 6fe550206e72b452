/** Medians, and the table and ratios that a benchmark prints. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  /** More is better (throughput) or less is (time). */
  readonly better: "more" | "less";
  /** Contender's name to the values of its rounds. */
  readonly values: Map<string, number[]>;
}

export function row(what: string, unit: string, better: Row["better"]): Row {
  return { what, unit, better, values: new Map() };
}

export function record(target: Row, contender: string, value: number): void {
  const values = target.values.get(contender) ?? [];
  values.push(value);
  target.values.set(contender, values);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** How many times better `ours` is than `theirs`: above 1 we win. */
function ratio(of: Row, ours: string, theirs: string): number {
  const [left, right] = [median(of.values.get(ours) ?? []), median(of.values.get(theirs) ?? [])];
  return of.better === "more" ? left / right : right / left;
}

/** Markdown: one row a measurement, each peer's cell with its median and our ratio to it. */
export function formatTable(rows: readonly Row[], names: readonly string[]): string {
  const [ours = ""] = names;
  const lines = [
    `| | unit | ${names.join(" | ")} |`,
    `|---|---|${names.map(() => "---:").join("|")}|`,
    ...rows.map((each) => {
      const cells = names.map((name) => {
        const value = median(each.values.get(name) ?? []);
        if (Number.isNaN(value)) return "-";
        return name === ours ? format(value) : `${format(value)} (${format(ratio(each, ours, name))}x)`;
      });
      return `| ${each.what} | ${each.unit} | ${cells.join(" | ")} |`;
    }),
  ];
  return lines.join("\n");
}

function format(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
