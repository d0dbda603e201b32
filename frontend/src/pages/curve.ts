/** The lines of a chart of values over steps; pure, so that a chart can be checked without drawing it. */

export interface Point {
  step: number;
  values: Record<string, number | null>;
}

export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Line {
  name: string;
  points: [number, number][];
  last: number;
}

export interface Curve {
  lines: Line[];
  low: number;
  high: number;
  first: number;
  last: number;
}

/** Names of losses first, then the rest, as they come. */
export function lossNames(points: Point[]): string[] {
  const names = new Set(points.flatMap((point) => Object.keys(point.values)));
  return [...names].filter((name) => /loss/i.test(name));
}

/** Names of values that begin with `part`, those of another training (which stand behind its word) too. */
export function valueNames(points: Point[], part: string): string[] {
  const names = new Set(points.flatMap((point) => Object.keys(point.values)));
  return [...names].filter((name) => name.split(" ").at(-1)!.startsWith(part));
}

/** The points of two trainings together; names of the second get `word` and a space before them. */
export function beside(own: Point[], other: Point[], word: string): Point[] {
  const renamed = other.map(({ step, values }) => ({
    step,
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [`${word} ${name}`, value])),
  }));
  return [...own, ...renamed];
}

/** Lines of the named values in a frame; values that are not finite are left out. Null without values. */
export function curve(points: Point[], names: string[], frame: Frame): Curve | null {
  const given = names.map((name) => ({
    name,
    pairs: points
      .map((point) => [point.step, point.values[name] ?? null] as [number, number | null])
      .filter((pair): pair is [number, number] => Number.isFinite(pair[1])),
  }));
  const values = given.flatMap(({ pairs }) => pairs.map(([, value]) => value));
  if (!values.length) return null;
  const steps = given.flatMap(({ pairs }) => pairs.map(([step]) => step));
  const low = Math.min(0, ...values);
  const high = Math.max(...values, low + 1e-9);
  const first = Math.min(...steps);
  const last = Math.max(...steps, first + 1);
  const x = (step: number) => frame.left + (frame.width * (step - first)) / (last - first);
  const y = (value: number) => frame.top + frame.height * (1 - (value - low) / (high - low));
  const lines = given
    .filter(({ pairs }) => pairs.length)
    .map(({ name, pairs }) => ({
      name,
      points: pairs.map(([step, value]): [number, number] => [x(step), y(value)]),
      last: pairs.at(-1)![1],
    }));
  return { lines, low, high, first, last };
}
