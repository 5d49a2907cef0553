/** Tokens or batches a second, for the line beside the bar: smoothed over some ten steps. */
export class Meter {
  #seconds = 0;
  #tokens = 0;
  #steps = 0;

  add(seconds: number, tokens: number): void {
    const fade = this.#steps === 0 ? 0 : 0.9;
    this.#seconds = this.#seconds * fade + seconds;
    this.#tokens = this.#tokens * fade + tokens;
    this.#steps = this.#steps * fade + 1;
  }

  /** `loss 2.3100, mlm 1.9, 3,200 tokens/s, 1.20 GiB` */
  detail(losses: Readonly<Record<string, number>>): string {
    const parts = Object.entries(losses).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    const rate =
      this.#tokens > 0
        ? `${Math.round(this.#tokens / this.#seconds).toLocaleString("en-US")} tokens/s`
        : `${(this.#steps / this.#seconds).toPrecision(3)} steps/s`;
    return [...parts, rate, `${(process.memoryUsage.rss() / 2 ** 30).toFixed(2)} GiB`].join(", ");
  }
}
