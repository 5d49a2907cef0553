import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kgraft, readTensors, root, temporaryFolder, tinyConfig, write } from "./kgraft.ts";

const folder = temporaryFolder();
const name = "@kgraft-example/fusion-mean-entity";

describe("a strategy of an npm package", () => {
  test("is picked by one word, trained and saved", async () => {
    const config = tinyConfig(folder, `plugins: ["${name}"]\n`, "plugin.yaml");
    const args = ["--set", "fusion.name=mean-entity", "--set", "task.epochs=1", "--quiet"];
    const { code, stderr } = await kgraft(["run", config, ...args]);
    expect([code, stderr]).toEqual([0, ""]);
    const names = [...readTensors(folder, "out/model/fusion.safetensors").keys()];
    expect(names).toContain("fusion/mean-entity/gate/kernel");
    expect(readFileSync(join(folder, "out/config.yaml"), "utf8")).toContain("name: mean-entity");
  });

  test("is listed with its package, options and their defaults", async () => {
    const config = tinyConfig(folder, `plugins: ["${name}"]\n`, "plugin.yaml");
    const { stdout, code } = await kgraft(["list", "fusion", "--config", config, "--json"]);
    expect(code).toBe(0);
    const { fusion } = JSON.parse(stdout) as {
      fusion: { name: string; package: string; options: { name: string }[] }[];
    };
    expect(fusion.find((one) => one.name === "mean-entity")).toMatchObject({
      package: name,
      options: [{ name: "layer" }],
    });
  });
});

describe("a plugin that is no good stops the command with its name and cause", () => {
  const refuse = async (plugin: string): Promise<string> => {
    const config = tinyConfig(folder, `plugins: ["${plugin}"]\n`, "bad.yaml");
    const { code, stderr, stdout } = await kgraft(["run", config]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).not.toMatch(/\n\s+at /);
    return stderr;
  };

  test("one that throws", async () => {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    cpSync(join(root, "tests/plugin/broken"), join(folder, "node_modules/broken"), { recursive: true });
    expect(await refuse("broken")).toMatch(
      /bad\.yaml:\d+:\d+: config\.plugins\.0: the plugin "broken" failed to load: .+ Mend or update the package/,
    );
  });

  test("one that is not installed", async () => {
    expect(await refuse("@kgraft-example/nowhere")).toContain(
      'config.plugins.0: the plugin "@kgraft-example/nowhere" is not installed. npm install @kgraft-example/nowhere.',
    );
  });

  test("one that exports something else, or binds a name that is taken", async () => {
    write(folder, "number.mjs", "export default 3;\n");
    expect(await refuse("./number.mjs")).toContain(
      'the plugin "./number.mjs" exports a number. Wanted an inversify ContainerModule',
    );
    const ours = join(root, "packages/fusion/dist/module.js");
    expect(await refuse(ours)).toContain('two packages bind the fusion strategy "none": @kgraft/fusion and');
  });
});
