/** Of a terminal that does not say how wide it is. */
const TERMINAL_COLUMNS = 80;

/** A narrower terminal is one that says nothing sensible. */
const LEAST_COLUMNS = 20;

/**
 * Columns of a line on `stream`: the terminal's, else those of the variable COLUMNS; undefined for a
 * file or another program, whose lines have no end.
 */
export function lineWidth(stream: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined {
  const told = [stream.columns, Number(process.env.COLUMNS)].find(isWidth);
  if (told === undefined) return stream.isTTY ? TERMINAL_COLUMNS : undefined;
  return Math.max(LEAST_COLUMNS, told);
}

function isWidth(columns: number | undefined): boolean {
  return columns !== undefined && Number.isInteger(columns) && columns > 0;
}
