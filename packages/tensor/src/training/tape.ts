import { RunError } from "@kgraft/runtime";
import * as tf from "@tensorflow/tfjs-core";

/** One op of a forward pass, as TensorFlow.js notes it. */
interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  /** What the gradient needs. */
  readonly saved: readonly tf.Tensor[];
  readonly gradient?: (dys: (tf.Tensor | undefined)[]) => Readonly<Record<string, () => tf.Tensor>>;
}

interface TapeEngine {
  readonly state: { activeTape: TapeNode[] | null };
  startTape(): void;
  endTape(): void;
}

/**
 * A forward pass whose ops are on a tape. TensorFlow.js's own backward pass keeps every intermediate gradient, and all
 * that the forward pass saved, to its end; this one gives each back as soon as it was used.
 */
export class Tape {
  readonly #nodes: readonly TapeNode[];

  private constructor(nodes: readonly TapeNode[]) {
    this.#nodes = nodes;
  }

  /** Runs a function and keeps what its gradients need; only tensors that it keeps itself outlive it. */
  static record(forward: () => void): Tape {
    const engine = tf.engine() as unknown as TapeEngine;
    engine.startTape();
    const tape = new Tape(engine.state.activeTape ?? []);
    try {
      tf.tidy(forward);
      return tape;
    } catch (thrown) {
      tape.dispose();
      throw thrown;
    } finally {
      engine.endTape();
      engine.state.activeTape = null;
    }
  }

  /**
   * Walks the tape backwards, once.
   *
   * @param seeds the derivative by each result, by the result's id; they are given back
   * @returns the derivative by each tensor asked for, new tensors; undefined where no result depends on it
   * @throws RunError `tensor.gradient` where an op on the way has no gradient
   */
  gradients(seeds: Map<number, tf.Tensor>, by: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
    const slopes = new Map(seeds);
    const reached = new Set(by.map(({ id }) => id));
    const path = this.#nodes.filter(({ inputs, outputs }) => {
      const onTheWay = Object.values(inputs).some(({ id }) => reached.has(id));
      // Whole numbers and truth values carry no derivative: what is looked up by them does not depend on how they came about.
      if (onTheWay) for (const { id, dtype } of outputs) if (dtype === "float32") reached.add(id);
      return onTheWay;
    });
    try {
      for (const node of path.reverse()) passBack(node, slopes, reached);
      return by.map(({ id }) => slopes.get(id));
    } finally {
      this.dispose();
      const kept = new Set(by.map(({ id }) => id));
      for (const [id, slope] of slopes) if (!kept.has(id)) slope.dispose();
    }
  }

  /** Gives back what the pass saved. */
  dispose(): void {
    for (const { saved } of this.#nodes) tf.dispose([...saved]);
  }
}

/** Turns the slopes by a node's outputs into those by its inputs, and gives back what only that took. */
function passBack(node: TapeNode, slopes: Map<number, tf.Tensor>, reached: ReadonlySet<number>): void {
  const dys = node.outputs.map(({ id }) => slopes.get(id));
  if (dys.some((dy) => dy !== undefined)) {
    for (const [id, slope] of inputSlopes(node, dys, reached)) {
      const before = slopes.get(id);
      slopes.set(id, before === undefined ? slope : tf.add(before, slope));
      if (before !== undefined) tf.dispose([before, slope]);
    }
    for (const { id } of node.outputs) slopes.delete(id);
  }
  tf.dispose([...node.saved, ...dys.filter((dy) => dy !== undefined)]);
}

/** The slopes by the inputs that matter, each a tensor of its own, kept. */
function inputSlopes(
  { kernelName, inputs, gradient }: TapeNode,
  dys: (tf.Tensor | undefined)[],
  reached: ReadonlySet<number>,
): [id: number, slope: tf.Tensor][] {
  if (gradient === undefined) throw noGradient(kernelName, "has no gradient");
  const found: [number, tf.Tensor][] = [];
  tf.tidy(() => {
    const slopeBy = gradient(dys);
    const taken = new Set(dys);
    for (const [name, { id }] of Object.entries(inputs)) {
      if (!reached.has(id)) continue;
      const slope = slopeBy[name]?.();
      if (slope === undefined) throw noGradient(kernelName, `has no gradient by its input "${name}"`);
      found.push([id, tf.keep(taken.has(slope) ? tf.clone(slope) : slope)]);
      taken.add(slope);
    }
  });
  return found;
}

function noGradient(kernel: string, problem: string): RunError {
  return new RunError({
    code: "tensor.gradient",
    at: `tensor.gradients ${kernel}`,
    problem,
    wanted: "Wanted ops with gradients between parameters and losses",
  });
}
