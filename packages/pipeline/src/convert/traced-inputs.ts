import { maxLength } from "@kgraft/encoder";
import { batchArrays, collateExamples, type FusedEncoder, type PreparedText, prepareExamples } from "@kgraft/fusion";
import type { Sample } from "@kgraft/onnx";
import { type HostArray, inference, type TensorBatch, type tf } from "@kgraft/tensor";
import { madeUpExample } from "../saved-model/made-up-example.ts";
import type { ServedModel } from "./served-model.ts";

/** The named axes of a served model and the sizes at which it is traced: primes, as few pieces as a marked text needs. */
export const servedAxes = { batch: [2, 3, 2], sequence: [7, 11, 13], entities: [17, 23, 31] } as const;

/** What everybody calls the inputs that every encoder has. */
const standardNames: Readonly<Record<string, string>> = {
  [batchArrays.inputIds]: "input_ids",
  [batchArrays.attentionMask]: "attention_mask",
  [batchArrays.typeIds]: "token_type_ids",
};

/** Makes the inputs of a served model at the sizes of each trace, and computes what it gives. */
export class TracedInputs {
  readonly #model: ServedModel;
  readonly #fused: readonly FusedEncoder[];

  constructor(model: ServedModel) {
    this.#model = model;
    this.#fused = servedAxes.entities.map((rows) => model.fused(rows));
  }

  /** Tables of the strategy that are the same whatever the entities: they become the file's own. */
  get constants(): Readonly<Record<string, HostArray>> {
    const [{ constants = {} } = {}] = this.#fused;
    return Object.fromEntries(Object.entries(constants).filter(([name]) => this.#isFixed(name)));
  }

  async sample(index: number, constants: TensorBatch): Promise<Sample> {
    const arrays = await this.#arrays(index);
    const names = inputNames(Object.keys(arrays));
    return {
      inputs: Object.fromEntries(Object.entries(arrays).map(([name, array]) => [names.get(name), array])),
      compute: (inputs) => {
        const given = [...names].map(([name, input]) => [name, inputs[input]] as const);
        return this.#outputs(index, { ...constants, ...(Object.fromEntries(given) as TensorBatch) });
      },
    };
  }

  /** A batch as training makes it, and the tables that follow from the entities. */
  async #arrays(index: number): Promise<Readonly<Record<string, HostArray>>> {
    const [rows, length] = [servedAxes.batch[index] as number, servedAxes.sequence[index] as number];
    const { fusion, constants } = this.#fused[index] as FusedEncoder;
    const { task, checkpoint } = this.#model;
    const prepared = await this.#prepared(rows, length, index);
    const { arrays } = collateExamples(prepared, length, fusion);
    const { typeIds, ...plain } = arrays;
    return {
      ...plain,
      ...(checkpoint.encoder.config.typeVocabularySize > 1 && typeIds && { [batchArrays.typeIds]: typeIds }),
      ...task?.collate(prepared, { rows, length }),
      ...Object.fromEntries(Object.entries(constants).filter(([name]) => !this.#isFixed(name))),
    };
  }

  async #prepared(rows: number, length: number, index: number): Promise<readonly PreparedText[]> {
    const { checkpoint, task } = this.#model;
    const { tokenizer, encoder } = checkpoint;
    if (tokenizer === undefined) return Array.from({ length: rows }, () => empty(encoder.config.padTokenId));
    const { fusion } = this.#fused[index] as FusedEncoder;
    const options = { tokenizer, fusion, maxLength: Math.min(length, maxLength(encoder.config)) };
    const { prepared } = await prepareExamples(task?.splits.train ?? [madeUpExample("")], options);
    return Array.from({ length: rows }, (_, row) => prepared[row % prepared.length] as PreparedText);
  }

  #outputs(index: number, batch: TensorBatch): Readonly<Record<string, tf.Tensor>> {
    const { weights, task, heads, pooled, checkpoint } = this.#model;
    const { hidden } = (this.#fused[index] as FusedEncoder).run(weights, batch, inference).stream;
    const last = { last_hidden_state: hidden };
    if (task !== undefined) return { ...last, logits: task.logits(hidden, { weights, batch, context: inference }) };
    const logits = heads.map((head) => [
      heads.length === 1 ? "logits" : `${head.name.replaceAll("-", "_")}_logits`,
      head.logits(weights, hidden),
    ]);
    const pooler = pooled && heads.length === 0 ? { pooler_output: checkpoint.encoder.pool(weights, hidden) } : {};
    return { ...last, ...pooler, ...Object.fromEntries(logits) };
  }

  #isFixed(name: string): boolean {
    const shapes = this.#fused.map(({ constants }) => constants[name]?.shape.join());
    return shapes.every((shape) => shape === shapes[0]);
  }
}

/** The names that inputs have in the file, by ours: the last part in snake_case, whole where two would be equal. */
function inputNames(names: readonly string[]): ReadonlyMap<string, string> {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/[-/.]/g, "_");
  const short = (name: string) => standardNames[name] ?? snake(name.slice(name.lastIndexOf("/") + 1));
  const isAlone = (name: string) => names.every((other) => other === name || short(other) !== short(name));
  return new Map(names.map((name) => [name, isAlone(name) ? short(name) : snake(name)]));
}

/** A text of no pieces: enough for an encoder alone. */
function empty(padId: number): PreparedText {
  const none = new Int32Array(0);
  return {
    example: madeUpExample(""),
    encoding: {
      ids: none,
      tokens: [],
      typeIds: none,
      starts: none,
      ends: none,
      wordIds: none,
      sequenceIds: new Int8Array(0),
      truncated: 0,
    },
    knowledge: undefined,
    targetPieces: undefined,
    padId,
  };
}
