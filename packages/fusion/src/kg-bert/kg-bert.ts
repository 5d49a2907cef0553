import { InputError } from "@kgraft/runtime";
import type { Encoding, TextExample, Tokenizer } from "@kgraft/text";
import type { Fusion, FusionResources, PreparedExample } from "../contract.ts";
import { defineFusion } from "../define-fusion.ts";
import { type KgBertOptions, kgBertOptions } from "./options.ts";
import { frameOf, frameSize, joinSegments, type Segment, type SegmentFrame, segmentTexts } from "./segments.ts";
import { cutParts } from "./truncation.ts";
import { collateValidity, officialHeadNames, type Validity, validityHead, validityOf } from "./validity-head.ts";

/** KG-BERT: a triple read as a sentence of three segments; nothing inside the encoder changes. */
export const kgBert = defineFusion<KgBertOptions, Validity>({
  name: "kg-bert",
  summary: "Reads a triple as head, relation and tail in segments of their own, and judges whether it is true.",
  paper: {
    title: "KG-BERT: BERT for Knowledge Graph Completion",
    authors: "Yao, Mao, Luo",
    venue: "arXiv 2019",
    url: "https://arxiv.org/abs/1909.03193",
  },
  options: kgBertOptions,
  needs: [],
  accepts: ["triple"],
  claims: ["pieces"],
  neutral: {},
  create: ({ truncation }, { encoder, tokenizer }: FusionResources): Fusion<Validity> => {
    const reader = new SegmentReader(tokenizer, truncation, encoder.typeVocabularySize > 1);
    const tripleValidity = validityHead(encoder);
    return {
      prepare: (example, plain, maxLength) => reader.read(example, plain, maxLength),
      collate: (batch, _shape, draw) => collateValidity(batch, draw),
      heads: { tripleValidity },
      officialNames: officialHeadNames(tripleValidity),
    };
  },
});

/** Turns examples into framed segments; each text is tokenised once. */
class SegmentReader {
  readonly #tokenizer: Tokenizer;
  readonly #truncation: KgBertOptions["truncation"];
  readonly #typed: boolean;
  readonly #frame: SegmentFrame;
  readonly #known = new Map<string, Encoding>();

  /** @param typed whether the encoder tells segments apart by token types */
  constructor(tokenizer: Tokenizer, truncation: KgBertOptions["truncation"], typed: boolean) {
    this.#tokenizer = tokenizer;
    this.#truncation = truncation;
    this.#typed = typed;
    this.#frame = frameOf(tokenizer);
  }

  read(example: TextExample, plain: Encoding, maxLength: number): PreparedExample<Validity> {
    const knowledge = validityOf(example);
    const segments = this.#segments(example);
    if (segments === undefined) return { encoding: plain, knowledge };
    const room = maxLength - frameSize(this.#frame, segments.length);
    const at = `fusion.kg-bert: example "${example.id}"`;
    if (room < segments.length) throw tooShort(at, maxLength, room, segments.length);
    const lengths = segments.map(({ pieces }) => pieces.ids.length);
    const cut = cutParts(lengths, room, this.#truncation, at);
    return {
      encoding: joinSegments(segments, cut, this.#frame),
      knowledge,
      counts: { partsWithoutPieces: lengths.filter((length) => length === 0).length },
    };
  }

  #segments(example: TextExample): readonly Segment[] | undefined {
    let offset = 0;
    return segmentTexts(example)?.map(([text, typeId], index) => {
      const sequence = example.triple === undefined ? index : 0;
      const segment = { pieces: this.#pieces(text), typeId: this.#typed ? typeId : 0, sequence, offset };
      offset = example.triple === undefined ? 0 : offset + text.length + 1;
      return segment;
    });
  }

  #pieces(text: string): Encoding {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const pieces = this.#tokenizer.encode(text, undefined, { specialTokens: false });
    this.#known.set(text, pieces);
    return pieces;
  }
}

function tooShort(at: string, maxLength: number, room: number, segments: number): InputError {
  return new InputError({
    code: "fusion.kg-bert.length",
    at,
    problem: `maxLength ${maxLength} leaves ${Math.max(0, room)} pieces for ${segments} parts`,
    wanted: "Wanted at least one each",
    fix: "Raise maxLength",
  });
}
