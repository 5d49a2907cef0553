import { type ElementType, elementTypes } from "./file/element-type.ts";
import type { Attribute, Initializer, Node } from "./file/model.ts";
import { type Dimension, dimensionText, fixed, isFixed, sameDimension } from "./trace/dimension.ts";

/** Where the size of an axis can be read: an input and its axis, less what was added to it there. */
export interface AxisPlace {
  readonly input: string;
  readonly at: number;
  readonly offset: number;
}

/** Collects the nodes and small tensors of a graph; values go by name. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly #places: ReadonlyMap<string, AxisPlace>;
  /** Names of tensors and of computed sizes by their content: each stands in the graph once. */
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  constructor(places: ReadonlyMap<string, AxisPlace>) {
    this.#places = places;
  }

  /** Adds a node of one output; returns the output's name. */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.nodeOf(operator, inputs, attributes, 1)[0] as string;
  }

  /** Adds a node of several outputs. */
  nodeOf(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.#name(operator));
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  /** Changes a node that is there: an op that the next one is taken into. */
  amend(output: string, change: (node: Node) => Node): void {
    const index = this.nodes.findIndex(({ outputs }) => outputs.includes(output));
    this.nodes[index] = change(this.nodes[index] as Node);
  }

  /** The node that makes a value; undefined for inputs and initializers. */
  makerOf(output: string): Node | undefined {
    return this.nodes.find(({ outputs }) => outputs.includes(output));
  }

  /** A tensor of known numbers. */
  tensor(type: ElementType, shape: readonly number[], values: readonly number[]): string {
    return this.#once(`${type}[${shape}]${values}`, () => {
      const name = this.#name("constant");
      this.initializers.push(numbers(name, type, shape, values));
      return name;
    });
  }

  /** The number of an attribute that is a tensor, for ConstantOfShape. */
  value(type: ElementType, value: number): Attribute {
    return { tensor: numbers("value", type, [1], [value]) };
  }

  cast(value: string, type: ElementType): string {
    return this.node("Cast", [value], { to: { int: elementTypes[type] } });
  }

  /** An extent as int64 [1]. */
  size(dimension: Dimension): string {
    if (isFixed(dimension)) return this.tensor("int64", [1], [dimension.offset]);
    return this.#once(`size ${dimensionText(dimension)}`, () => this.#computed(dimension));
  }

  /** Extents as int64 [n]. */
  sizes(dimensions: readonly Dimension[]): string {
    const numbersOf = dimensions.map(({ offset }) => offset);
    if (dimensions.every(isFixed)) return this.tensor("int64", [dimensions.length], numbersOf);
    if (dimensions.length === 1) return this.size(dimensions[0] as Dimension);
    return this.#once(`sizes ${dimensions.map(dimensionText)}`, () =>
      this.node(
        "Concat",
        dimensions.map((dimension) => this.size(dimension)),
        { axis: { int: 0 } },
      ),
    );
  }

  /** Sees a value in another shape; extents that stay in place are copied, one other is left to the runtime to find. */
  reshape(value: string, from: readonly Dimension[], to: readonly Dimension[]): string {
    const copied = to.map(
      (dimension, axis) => !isFixed(dimension) && from[axis] && sameDimension(dimension, from[axis]),
    );
    const open = to.filter((dimension, axis) => !isFixed(dimension) && !copied[axis]);
    const short = to.map((dimension, axis) => (copied[axis] ? 0 : isFixed(dimension) ? dimension.offset : -1));
    const shape = open.length <= 1 ? this.sizes(short.map(fixed)) : this.sizes(to);
    return this.node("Reshape", [value, shape]);
  }

  #computed({ terms, offset }: Dimension): string {
    const products = terms.map(({ factor, axes }) => {
      const sizes = axes.map((axis) => this.#axis(axis));
      const factors = factor === 1 ? sizes : [...sizes, this.tensor("int64", [1], [factor])];
      return factors.reduce((product, next) => this.node("Mul", [product, next]));
    });
    const summands = offset === 0 ? products : [...products, this.tensor("int64", [1], [offset])];
    return summands.reduce((sum, next) => this.node("Add", [sum, next]));
  }

  #axis(name: string): string {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`no input has the axis "${name}"`);
    return this.#once(`axis ${name}`, () => {
      const size = this.node("Shape", [place.input], { start: { int: place.at }, end: { int: place.at + 1 } });
      return place.offset === 0 ? size : this.node("Sub", [size, this.tensor("int64", [1], [place.offset])]);
    });
  }

  #once(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #name(kind: string): string {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind.toLowerCase()}_${count}`;
  }
}

function numbers(name: string, type: ElementType, shape: readonly number[], values: readonly number[]): Initializer {
  const data = {
    float32: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, BigInt),
    bool: () => Uint8Array.from(values),
  }[type]();
  return { name, type, shape, bytes: () => new Uint8Array(data.buffer) };
}
