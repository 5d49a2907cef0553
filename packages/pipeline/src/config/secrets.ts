import { ErrorList, isRecord, KgraftError, type Progress } from "@kgraft/runtime";

/** The values that a config took from the environment, each with the `${NAME}` that is shown in its place. */
export type Secrets = ReadonlyMap<string, string>;

/** Puts `${NAME}` in place of every value of a secret, also where it was escaped for a URL or for JSON. */
export function hideSecrets(text: string, secrets: Secrets): string {
  const longestFirst = [...secrets].sort(([a], [b]) => b.length - a.length);
  return longestFirst.reduce(
    (shown, [value, name]) => formsOf(value).reduce((t, form) => t.replaceAll(form, () => name), shown),
    text,
  );
}

function formsOf(value: string): readonly string[] {
  return [...new Set([value, encodeURIComponent(value), encodeURI(value), JSON.stringify(value).slice(1, -1)])];
}

/** Takes secrets out of an error's message, its stack and its causes, in place. */
export function hideInError<T>(error: T, secrets: Secrets): T {
  if (secrets.size === 0) return error;
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    one.message = hideSecrets(one.message, secrets);
    if (one.stack !== undefined) one.stack = hideSecrets(one.stack, secrets);
    if (one instanceof ErrorList) for (const each of one.errors) hideInError(each, secrets);
    if (one instanceof KgraftError) Object.assign(one, { at: hideSecrets(one.at, secrets) });
  }
  return error;
}

/** Runs work whose errors may quote what the config took from the environment. */
export async function hidingSecrets<T>(secrets: Secrets, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw hideInError(error, secrets);
  }
}

/** Takes secrets out of everything that is shown. */
export function discreet(progress: Progress, secrets: Secrets): Progress {
  if (secrets.size === 0) return progress;
  const hidden = (text: string): string => hideSecrets(text, secrets);
  return {
    note: (text) => progress.note(hidden(text)),
    bar(label, total) {
      const bar = progress.bar(hidden(label), total);
      return {
        update: (done, detail) => bar.update(done, detail && hidden(detail)),
        end: (summary) => bar.end(summary && hidden(summary)),
      };
    },
  };
}

/** Copies a value of JSON with secrets taken out of its strings. */
export function hideInStrings(value: unknown, secrets: Secrets): unknown {
  if (typeof value === "string") return hideSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((item) => hideInStrings(item, secrets));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideInStrings(item, secrets)]));
}
