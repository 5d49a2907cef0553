import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kgraft, readJson, temporaryFolder, tinyConfig } from "./kgraft.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const why = executablePath === undefined ? " (skipped: no Chromium on this machine)" : "";
const folder = temporaryFolder();
const config = tinyConfig(folder);
const compared = join(folder, "out/compare");

beforeAll(async () => {
  const strategies = ["--strategies", "none,ernie-thu", "--set", "task.epochs=1", "--quiet"];
  const { code, stderr } = await kgraft(["compare", config, ...strategies]);
  expect([code, stderr]).toEqual([0, ""]);
  const ended = await kgraft(["run", config, "--set", "output=run", "--quiet"], {}, folder);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
});

describe.skipIf(why !== "")(`report.html in a real browser, scripts off${why}`, () => {
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    browser = await chromium.launch({ executablePath: executablePath as string, args });
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1100, height: 900 } });
    page = await context.newPage();
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
  });
  afterAll(() => browser?.close());

  const open = async (path: string): Promise<void> => {
    requests.length = 0;
    await page.goto(pathToFileURL(path).href);
  };

  /** Cells of the table with a caption, row by row. */
  const table = async (caption: string): Promise<readonly (readonly string[])[]> => {
    const rows = await page
      .locator("table", { has: page.locator("caption", { hasText: caption }) })
      .locator("tr")
      .all();
    return Promise.all(rows.map((row) => row.locator("th, td").allTextContents()));
  };

  test("shows a comparison's scores, one row an arm, baselines below", async () => {
    await open(join(compared, "report.html"));
    expect(await page.title()).toBe("tiny: which knowledge helps?");
    const { arms } = readJson<{ arms: { arm: string; scores: Record<string, { mean: number }> }[] }>(
      compared,
      "comparison.json",
    );
    const [header = [], ...rows] = await table("Scores");
    const metric = header.findIndex((name) => name.trim() === "micro F1");
    expect(metric).toBeGreaterThan(0);
    expect(rows.map(([name]) => name)).toEqual([
      "none",
      "ernie-thu",
      "(most frequent type)",
      "(type of the linked entity)",
    ]);
    for (const [index, { scores }] of arms.entries())
      expect(rows[index]?.[metric]).toBe((100 * (scores.looseMicroF1?.mean ?? Number.NaN)).toFixed(1));
  });

  test("draws a chart a curve, each with a name for people who do not see it", async () => {
    await open(join(compared, "report.html"));
    expect(await labelsOf(page)).toEqual([
      "pretrain/mlm: loss over steps, one line each for none, ernie-thu",
      "finetune/entity-typing: loss over steps, one line each for none, ernie-thu",
      "pretrain/entityAlignment: loss over steps, one line each for ernie-thu",
    ]);
    expect(await page.locator("figure svg path[stroke]").count()).toBeGreaterThanOrEqual(5);
  });

  test("a run's report has its scores, seconds and config", async () => {
    await open(join(folder, "run/report.html"));
    const metrics = readJson<Record<string, Record<string, Record<string, number>>>>(folder, "run/metrics.json");
    const rows = await table("scores");
    const row = rows.find(([name]) => name?.trim() === "looseMicroF1");
    expect(row?.slice(1)).toEqual(
      ["validation", "test"].map((split) =>
        (100 * (metrics["entity-typing"]?.[split]?.looseMicroF1 ?? Number.NaN)).toFixed(1),
      ),
    );
    expect((await table("Seconds")).map(([stage]) => stage)).toEqual([
      "stage",
      "link",
      "embed",
      "pretrain",
      "finetune",
      "evaluate",
    ]);
    expect(await page.locator("pre").textContent()).toContain("name: tiny");
  });

  test("asks for nothing outside, has no script, and the browser complains of nothing", async () => {
    for (const path of [join(compared, "report.html"), join(folder, "run/report.html")]) {
      await open(path);
      expect(requests).toEqual([pathToFileURL(path).href]);
      expect(readFileSync(path, "utf8")).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    }
    expect(complaints).toEqual([]);
  });

  test("fits a narrow screen", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await open(join(compared, "report.html"));
    const body = await page.locator("main").boundingBox();
    expect(body?.width).toBeLessThanOrEqual(390);
    const { KGRAFT_SCREENSHOTS } = process.env;
    if (KGRAFT_SCREENSHOTS !== undefined) await screenshots(page, KGRAFT_SCREENSHOTS);
  });

  /** For people: what the reports look like, light and dark. */
  async function screenshots(shown: Page, into: string): Promise<void> {
    await shown.setViewportSize({ width: 1100, height: 900 });
    for (const colorScheme of ["light", "dark"] as const)
      for (const [name, path] of [
        ["compare", join(compared, "report.html")],
        ["run", join(folder, "run/report.html")],
      ] as const) {
        await shown.emulateMedia({ colorScheme });
        await open(path);
        await shown.screenshot({ path: join(into, `${name}-${colorScheme}.png`), fullPage: true });
      }
  }
});

async function labelsOf(page: Page): Promise<readonly (string | null)[]> {
  return Promise.all((await page.getByRole("img").all()).map((one) => one.getAttribute("aria-label")));
}
