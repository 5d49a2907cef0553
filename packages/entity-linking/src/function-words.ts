/** English words that carry grammar rather than meaning: articles, pronouns, prepositions, conjunctions, auxiliaries. */
const words = new Set(
  (
    "a an the this that these those some any no every each either neither both all such " +
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers " +
    "herself it its itself they them their theirs themselves one who whom whose which what " +
    "about above across after against along among around as at before behind below beneath beside between beyond by " +
    "down during except for from in inside into like near of off on onto out outside over past per since than through " +
    "throughout till to toward towards under until up upon via with within without " +
    "and or but nor so yet if because although though unless while whereas whether when where why how " +
    "am is are was were be been being have has had having do does did doing done can could may might must shall " +
    "should will would ought not there here then now very too also only just"
  ).split(" "),
);

/** @param word in lower case */
export function isFunctionWord(word: string): boolean {
  return words.has(word);
}
