import { InputError } from "@kgraft/runtime";
import { describe, expect, it } from "vitest";
import type { SuiteSetting } from "../testing.ts";
import { openTrial } from "./trial.ts";

/** What a strategy says of itself: names, options, needs. */
export function testDeclaration({ definition, suite, options, world }: SuiteSetting): void {
  const refusal = (given: Readonly<Record<string, unknown>>) => {
    const read = definition.options.safeParse(given);
    return read.success ? [] : read.error.issues.map(({ path, code }) => `${code} at ${path.join(".")}`);
  };

  const names = definition.name.split("+");

  describe("declaration", () => {
    it("has a kebab-case name (a stack several, joined by +) and a summary", () => {
      for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(definition.summary.length).toBeGreaterThan(10);
    });

    it("takes the options it is tried with, and all defaults", () => {
      expect(refusal(options)).toEqual([]);
      expect(refusal({})).toEqual([]);
      expect(refusal(definition.neutral)).toEqual([]);
    });

    it("refuses an option it does not have", () => {
      expect(refusal({ ...options, noSuchOption: 1 }).join()).toContain("unrecognized_keys");
    });

    for (const [path, given] of Object.entries(suite.refused ?? {})) {
      it(`refuses ${JSON.stringify(given)} at ${path}`, () => {
        expect(refusal({ ...options, ...given }).map((line) => line.split(" at ")[1])).toContain(path);
      });
    }

    it("names everything under fusion/<its name>/", () => {
      const { fused, parameters } = openTrial(definition, options, world());
      parameters.dispose();
      const { constants, fusion } = fused;
      const heads = Object.values(fusion.heads ?? {});
      const own = [...(fusion.parameters ?? []), ...heads.flatMap((head) => head.parameters)].map(({ name }) => name);
      const prefixes = names.map((name) => `fusion/${name}/`);
      for (const name of [...own, ...Object.keys(constants)])
        expect(name).toSatisfy((one: string) => prefixes.some((prefix) => one.startsWith(prefix)));
      expect(new Set(own).size).toBe(own.length);
      for (const name of Object.keys(fusion.officialNames ?? {})) expect(own).toContain(name);
      const official = Object.values(fusion.officialNames ?? {});
      expect(new Set(official).size).toBe(official.length);
    });

    for (const need of ["graph", "vectors"] as const) {
      if (!definition.needs.includes(need)) continue;
      it(`says so where there is no ${need}`, () => {
        const create = () => definition.create(definition.options.parse(options), { ...world(), [need]: undefined });
        expect(create).toThrow(InputError);
        expect(create).toThrow(new RegExp(names.join("|")));
      });
    }
  });
}
