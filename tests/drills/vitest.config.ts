import { defineConfig, mergeConfig } from "vitest/config";
import workspace from "../vitest.config.ts";

const { include: _, globalSetup: __, ...test } = workspace.test ?? {};

/** What takes minutes and is run by hand or by night: `npm run drills`. */
export default mergeConfig(
  { ...workspace, test },
  defineConfig({ test: { include: ["tests/drills/*.drill.ts"], fileParallelism: false } }),
);
