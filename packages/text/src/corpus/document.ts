import type { KgraftError, Progress } from "@kgraft/runtime";
import type { TextExample, TextSpan } from "../example.ts";

/** One document of a corpus. */
export interface CorpusDocument {
  /** `file:line` of its first line. */
  readonly at: string;
  /** Its text, with the mentions that a JSON line may bring; where the line has no id, the id is `at`. */
  readonly example: TextExample;
  /** Its sentences, spans of the text in order; none is empty. */
  readonly sentences: readonly TextSpan[];
}

/** How the files of a corpus are read. */
export interface CorpusOptions {
  /**
   * `jsonl`: a document a line, an object with `text`, perhaps `id`, `pair` and `mentions`; keys that examples do not have are
   * passed over. `examples`: the lines that `writeExamples` writes, with everything that examples have. `text`: lines of plain
   * text. Default by the name: `.jsonl`, `.ndjson` and `.json` (and `.gz` of them) are the first.
   */
  readonly format?: "jsonl" | "examples" | "text" | undefined;
  /** What ends a document of plain text: a blank line (default), or every line's end. */
  readonly documentEnd?: "blank-line" | "line";
  /** Where sentences end: at line ends (default), or also where Unicode's rules for the language find an end. */
  readonly sentenceEnd?: "line" | "unicode";
  /** BCP 47, for `sentenceEnd: unicode`. Default `en`. */
  readonly language?: string;
  /** What offsets of mentions count. Default `codePoints`. */
  readonly offsets?: "codePoints" | "utf16";
  /** What a broken line does: `stop` throws (default), `skip` passes it over, counts it and says so at the end. */
  readonly onError?: "stop" | "skip";
  readonly progress?: Progress;
  /** Called for each line that is passed over. */
  readonly onSkip?: (error: KgraftError) => void;
}

/** A place between two documents, from which reading goes on. */
export interface CorpusPosition {
  /** Index into the files. */
  readonly file: number;
  /** Of the unpacked bytes. */
  readonly byte: number;
  /** Lines before it in the file. */
  readonly line: number;
  /** Documents before it in all files. */
  readonly document: number;
}

/** Where every corpus begins. */
export const corpusStart: CorpusPosition = { file: 0, byte: 0, line: 0, document: 0 };
