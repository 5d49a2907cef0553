import { ernieThu, FUSION, type FusionDefinition, stackFusions } from "@kgraft/fusion";
import { describeFusion, type SmallWorld, smallWorld } from "@kgraft/fusion/testing";
import plugin, { meanEntity } from "@kgraft-example/fusion-mean-entity";
import { Container } from "inversify";
import { beforeAll, describe, expect, it } from "vitest";

describeFusion(meanEntity, { options: { layer: 2 }, refused: { layer: { layer: -1 } } });

/** The plugin on top of a strategy of ours, as `fusion: { name: mean-entity+ernie-thu }` makes it. */
describeFusion(stackFusions([meanEntity, ernieThu] as unknown as FusionDefinition[], "config.fusion.name"), {
  options: { "mean-entity": { layer: 2 }, "ernie-thu": { fusedLayers: [1, 2, 3] } },
});

describe("the package", () => {
  let world: SmallWorld;
  beforeAll(async () => {
    world = await smallWorld();
  });

  it("binds one strategy by its default export", async () => {
    const container = new Container();
    await container.load(plugin);
    expect(container.getAll(FUSION)).toEqual([meanEntity]);
  });

  it("says where its layer is wrong", () => {
    const create = () => meanEntity.create({ layer: 4 }, world);
    expect(create).toThrow(
      "config.strategies.mean-entity.layer: layer 4, but the encoder has 4 layers. Layers are counted from 0 to 3.",
    );
  });
});

describe("the broken package", () => {
  it("throws while it is loaded", async () => {
    await expect(import("./broken/index.js" as string)).rejects.toThrow("no licence file for the entity store");
  });
});
