import { AlignedText } from "../tokenizer/aligned-text.ts";
import { bertNormalizer } from "../tokenizer/bert-normalizer.ts";
import { bertPreTokenizer } from "../tokenizer/bert-pre-tokenizer.ts";

/** The most distinct words that are held: beyond, those seen once are let go. */
const mostWords = 4_000_000;
const longestWord = 100;

/** Counts the words of texts as BERT's tokenizer splits them. */
export async function countWords(
  texts: AsyncIterable<string> | Iterable<string>,
  lowercase: boolean,
): Promise<Map<string, number>> {
  const normalizer = bertNormalizer({ clean_text: true, handle_chinese_chars: true, lowercase });
  const counts = new Map<string, number>();
  const ranges = new Map<string, readonly string[]>(); // words of what stands between ASCII white space and punctuation
  const wordsOf = (range: string): readonly string[] => {
    const known = ranges.get(range);
    if (known !== undefined) return known;
    const words = bertPreTokenizer.split(normalizer.normalize(AlignedText.of(range)), 0).map(({ text }) => text);
    if (ranges.size >= 1 << 16) ranges.clear();
    ranges.set(range, words);
    return words;
  };
  for await (const text of texts) {
    bertPreTokenizer.cut?.(text, (start, end) => {
      for (const word of wordsOf(text.slice(start, end)))
        if (word.length <= longestWord) counts.set(word, (counts.get(word) ?? 0) + 1);
    });
    if (counts.size > mostWords) letGo(counts);
  }
  return counts;
}

/** Lets words go, the rarest first, until half the room is free. */
function letGo(counts: Map<string, number>): void {
  for (let least = 1; counts.size > mostWords / 2; least++)
    for (const [word, count] of counts) if (count <= least) counts.delete(word);
}
