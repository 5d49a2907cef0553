import type { Bar, Progress } from "@kgraft/runtime";
import cliProgress, { type SingleBar } from "cli-progress";
import colours from "picocolors";

/** Work shorter than this shows no bar. */
const PATIENCE_MS = 700;
/** Without a terminal, how far apart lines of one piece of work are. */
const LINE_EVERY_MS = 10_000;

/** Shows progress on stderr: bars with the time left in a terminal, plain lines elsewhere. */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const note = (text: string): void => void stream.write(`${stream.isTTY ? colours.dim(text) : text}\n`);
  return {
    note,
    bar(label, total) {
      const title = `${label.slice(0, 1).toUpperCase()}${label.slice(1)}`;
      return stream.isTTY ? new TerminalBar(stream, title, total) : new LineBar(stream, title, total);
    },
  };
}

class TerminalBar implements Bar {
  readonly #stream: NodeJS.WriteStream;
  readonly #label: string;
  readonly #total: number;
  readonly #started = performance.now();
  #bar: SingleBar | undefined;

  constructor(stream: NodeJS.WriteStream, label: string, total: number) {
    this.#stream = stream;
    this.#label = label;
    this.#total = total;
  }

  update(done: number, detail = ""): void {
    if (this.#bar === undefined) {
      if (performance.now() - this.#started < PATIENCE_MS) return;
      const format =
        this.#total > 0
          ? `{label} {bar} {percentage}% · {eta_formatted} left · {detail}`
          : `{label} {value} · {detail}`;
      this.#bar = new cliProgress.SingleBar({
        stream: this.#stream,
        format,
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        fps: 8,
        etaBuffer: 50,
        formatTime: shortTime,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        autopadding: true,
        formatBar: cliProgress.Format.BarFormat,
      });
      this.#bar.start(Math.max(this.#total, 1), done, { label: this.#label, detail });
    }
    this.#bar.update(done, { detail });
  }

  end(summary?: string): void {
    this.#bar?.stop();
    finish(this.#stream, this.#label, this.#started, summary, this.#bar !== undefined);
  }
}

class LineBar implements Bar {
  readonly #stream: NodeJS.WriteStream;
  readonly #label: string;
  readonly #total: number;
  readonly #started = performance.now();
  #last = performance.now();
  #shown = false;

  constructor(stream: NodeJS.WriteStream, label: string, total: number) {
    this.#stream = stream;
    this.#label = label;
    this.#total = total;
  }

  update(done: number, detail = ""): void {
    const now = performance.now();
    if (now - this.#last < LINE_EVERY_MS) return;
    this.#last = now;
    this.#shown = true;
    const part =
      this.#total > 0
        ? `${Math.floor((100 * done) / this.#total)} %, ${shortTime(((now - this.#started) / 1000 / Math.max(done, 1)) * (this.#total - done))} left`
        : String(done);
    this.#stream.write(`${this.#label}: ${[part, detail].filter(Boolean).join(", ")}\n`);
  }

  end(summary?: string): void {
    finish(this.#stream, this.#label, this.#started, summary, this.#shown);
  }
}

/** Leaves one line behind where there is something to say or the work took long enough to be noticed. */
function finish(
  stream: NodeJS.WriteStream,
  label: string,
  started: number,
  summary: string | undefined,
  shown: boolean,
): void {
  const seconds = (performance.now() - started) / 1000;
  if (summary === undefined && !shown && seconds < 2) return;
  const took = seconds < 0.05 && summary !== undefined ? undefined : `${seconds.toFixed(1)} s`;
  stream.write(`${label}: ${[summary, took].filter(Boolean).join(", ")}\n`);
}

/** `2:05` or `41 s`. */
function shortTime(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
