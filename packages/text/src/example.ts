/** A candidate entity of a mention, best first. */
export interface Candidate {
  readonly entity: string;
  readonly score: number;
  readonly prior?: number | undefined;
}

/** A span of text and the entity it was linked to. Offsets are UTF-16 units, half-open. */
export interface Mention {
  readonly start: number;
  readonly end: number;
  readonly entity: string;
  readonly score?: number | undefined;
  readonly candidates?: readonly Candidate[] | undefined;
  /** In memory only: the entity that stood here before a strategy put this one in its place. */
  readonly replaces?: string | undefined;
}

/** An entity or relation of a triple, with its words. */
export interface TripleTerm {
  readonly id: string;
  readonly text: string;
}

/** A triple in words: what models of triples read. */
export interface TripleText {
  readonly head: TripleTerm;
  readonly relation: TripleTerm;
  readonly tail: TripleTerm;
}

/** Half-open, UTF-16 units of the text. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** A span and what it is called. Offsets are UTF-16 units, half-open. */
export interface LabelledSpan extends TextSpan {
  readonly label: string;
}

/** A word of a dependency tree: its span, and the word that governs it. */
export interface Dependency extends TextSpan {
  /** Index of the governing word in the example's list; -1 at the root. */
  readonly head: number;
}

/** One line of a text file: what every reader gives and every task takes. Offsets inside are UTF-16 units. */
export interface TextExample {
  readonly id: string;
  readonly text: string;
  readonly pair?: string | undefined;
  readonly mentions?: readonly Mention[] | undefined;
  /** The span to be typed; carries no entity. */
  readonly target?: TextSpan | undefined;
  /** The two spans of a relation, head then tail. */
  readonly targets?: readonly [TextSpan, TextSpan] | undefined;
  readonly labels?: readonly string[] | undefined;
  /** The words of the text with their heads, in the order of the text. */
  readonly dependencies?: readonly Dependency[] | undefined;
  /** Spans that are to be found, with their labels, in order; not linked to anything. */
  readonly spans?: readonly LabelledSpan[] | undefined;
  /** The triple that the example is about; its `text` is then the three texts with spaces between. */
  readonly triple?: TripleText | undefined;
}
