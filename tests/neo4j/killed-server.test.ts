import { writeGraphToNeo4j } from "@kgraft/kg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KilledWork, madeGraph } from "./killed-work.ts";
import { testServer } from "./server.ts";

const { server, reason } = await testServer();

// Killed in the middle of everything else it does: npm run drills -- killed-server
describe.skipIf(server === undefined)(
  `a server killed at work and started again${reason}`,
  { timeout: 300_000 },
  () => {
    let work: KilledWork;
    beforeAll(async () => {
      work = await KilledWork.start();
    });
    afterAll(() => work?.stop());

    it("in the middle of reading triples: the snapshot is the same to the byte", async () => {
      await writeGraphToNeo4j(await madeGraph({ entities: 1500, triples: 6000 }), work.options());
      const wanted = await work.revision();
      expect(wanted).toMatch(/^[0-9a-f]{64}$/);
      expect(await work.revision(work.killingAt("neo4j triples", 2500))).toBe(wanted);
      expect(work.kills).toBe(1);
    });
  },
);
