/**
 * An extent as a function of the named axes: a sum of products of axes, each times a factor, plus a number. `2·batch·sequence - 1`
 * has the term `{ factor: 2, axes: ["batch", "sequence"] }` and the offset -1.
 */
export interface Dimension {
  readonly terms: readonly Term[];
  readonly offset: number;
}

/** A product of axes (one may stand twice) times a factor. */
export interface Term {
  readonly factor: number;
  readonly axes: readonly string[];
}

/** Sizes of the named axes in each trace. */
export type Axes = Readonly<Record<string, readonly number[]>>;

/** Whether an extent depends on no axis. */
export const isFixed = ({ terms }: Dimension): boolean => terms.length === 0;

/** Whether two extents are the same function. */
export const sameDimension = (a: Dimension, b: Dimension): boolean => dimensionText(a) === dimensionText(b);

/** A number as an extent. */
export const fixed = (value: number): Dimension => ({ terms: [], offset: value });

/** An extent in words: `batch`, `2*batch*sequence-1`. */
export function dimensionText({ terms, offset }: Dimension): string {
  const products = terms.map(({ factor, axes }) => [...(factor === 1 ? [] : [factor]), ...axes].join("*")).join("+");
  if (terms.length === 0) return String(offset);
  if (offset === 0) return products;
  return `${products}${offset > 0 ? "+" : ""}${offset}`;
}

/** The largest number that is added to a product of axes: special tokens, a border. */
const largestOffset = 16;

/**
 * Finds the simplest function of the axes that gives these numbers, one a trace.
 *
 * The traces' sizes are primes, so that a number tells which axes made it; each function found is checked on all traces, and
 * with three traces none with a factor and an offset passes by chance.
 *
 * @returns undefined where there is none: the number comes from something else than the axes
 */
export function explain(values: readonly number[], axes: Axes): Dimension | undefined {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return fixed(first);
  const products = productsOf(axes);
  return (
    firstFound(products, (product) => scaled(values, product, 0)) ??
    firstFound(products, (product) => scaled(values, product, largestOffset)) ??
    sumOfTwo(values, products)
  );
}

interface Product {
  readonly axes: readonly string[];
  readonly values: readonly number[];
}

/** Every axis, every product of two (squares too) and of three, the shortest first. */
function productsOf(axes: Axes): readonly Product[] {
  const single = Object.entries(axes).map(([name, values]): Product => ({ axes: [name], values }));
  const longer = (shorter: readonly Product[]): Product[] =>
    shorter.flatMap((product) =>
      single
        .filter(({ axes: [name = ""] }) => name >= (product.axes.at(-1) as string))
        .map((other) => ({
          axes: [...product.axes, ...other.axes],
          values: product.values.map((value, i) => value * (other.values[i] as number)),
        })),
    );
  const pairs = longer(single);
  return [...single, ...pairs, ...longer(pairs)];
}

function scaled(values: readonly number[], product: Product, mostOffset: number): Dimension | undefined {
  const [v0 = 0, v1 = 0] = values;
  const [p0 = 0, p1 = 0] = product.values;
  const factor = mostOffset === 0 ? v0 / p0 : (v1 - v0) / (p1 - p0);
  const offset = v0 - factor * p0;
  if (!Number.isInteger(factor) || factor <= 0 || Math.abs(offset) > mostOffset) return undefined;
  const fits = values.every((value, i) => value === factor * (product.values[i] as number) + offset);
  return fits ? { terms: [{ factor, axes: product.axes }], offset } : undefined;
}

function sumOfTwo(values: readonly number[], products: readonly Product[]): Dimension | undefined {
  const short = products.filter(({ axes }) => axes.length <= 2);
  return firstFound(short, (a, index) =>
    firstFound(short.slice(index + 1), (b) => {
      const fits = values.every((value, i) => value === (a.values[i] as number) + (b.values[i] as number));
      return fits ? { terms: [a, b].map(({ axes }) => ({ factor: 1, axes })), offset: 0 } : undefined;
    }),
  );
}

function firstFound<Item, Result>(
  items: readonly Item[],
  find: (item: Item, index: number) => Result | undefined,
): Result | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
