/** What the page's script is given, as JSON in the page. */
export interface PageData {
  /** Specifications of Vega by the name of the plot. */
  readonly plots: Readonly<Record<string, object>>;
  /** Absent where the run has no layers. */
  readonly layers?: LayersData;
}

export interface LayersData {
  /** Specifications of Vega, without data, by the kind of plot. */
  readonly specs: Readonly<Record<string, object>>;
  readonly pages: readonly LayerData[];
}

export interface LayerData {
  readonly layer: string;
  /** Of its figures, in the folder `figures` beside the page, without the extension. */
  readonly file: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly plots: readonly LayerPlot[];
}

export interface LayerPlot {
  readonly kind: string;
  readonly title: string;
  /** The plot in words. */
  readonly description: string;
  /** By the name of the specification's data; the first is what a table shows. */
  readonly datasets: Readonly<Record<string, Columns>>;
}

export type Value = string | number | null;

/** Rows by column: half the size of objects. */
export type Columns = Readonly<Record<string, readonly Value[]>>;

/** Columns of rows that all have the same fields. */
export function columnsOf(rows: readonly object[]): Columns {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, rows.map((row) => (row as Record<string, Value>)[name]!)]),
  );
}

export function rowsOf(columns: Columns): Record<string, Value>[] {
  const names = Object.keys(columns);
  const count = names.length === 0 ? 0 : columns[names[0]].length;
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(names.map((name) => [name, columns[name][row]!])),
  );
}
