import { describe, expect, it } from "vitest";
import { parseArm } from "./arm.ts";

const loaded = ["none", "k-adapter", "ernie-thu", "wklm"];
const parse = (name: string) => parseArm(name, loaded, "--strategies");

describe("parseArm", () => {
  it("reads a strategy, a stack and a control", () => {
    expect(parse("none")).toEqual({ name: "none", strategies: ["none"], control: undefined });
    expect(parse("wklm+k-adapter@shuffled")).toEqual({
      name: "wklm+k-adapter@shuffled",
      strategies: ["wklm", "k-adapter"],
      control: "shuffled",
    });
  });

  it.each([
    [
      "ernie-tsu",
      '--strategies: no fusion strategy "ernie-tsu". Loaded: ernie-thu, k-adapter, none, wklm. Did you mean "ernie-thu"?',
    ],
    [
      "wklm+zzzzzzzz",
      'no fusion strategy "zzzzzzzz". Loaded: ernie-thu, k-adapter, none, wklm. A plugin that brings it',
    ],
    ["ernie-thu@randm", 'no control "@randm". There are @random, @shuffled, @rewired, @empty. Did you mean "random"?'],
    ["ernie-thu@", 'no control "@". There are @random, @shuffled, @rewired, @empty.'],
    ["ernie-thu@random@empty", '"ernie-thu@random@empty" has 2 controls. Wanted STRATEGY, STRATEGY+STRATEGY or'],
    ["wklm+wklm", '"wklm+wklm" stacks "wklm" on itself.'],
    ["wklm+", '"wklm+" has an empty part.'],
    [
      "",
      "an empty name. Wanted STRATEGY, STRATEGY+STRATEGY or one of these with @CONTROL. Name a strategy, e.g. none.",
    ],
  ])("refuses %j", (name, message) => {
    expect(() => parse(name)).toThrow(message);
  });
});
