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
}

/** Half-open, UTF-16 units of the text. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
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
}
