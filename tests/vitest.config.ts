import { defineConfig } from "vitest/config";

/** One suite for the whole workspace: unit tests beside the code, and what crosses packages under tests/. */
export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  resolve: { conditions: ["kgraft-source"] },
  ssr: { resolve: { conditions: ["kgraft-source"] } },
  test: {
    include: ["packages/*/src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    globalSetup: ["tests/neo4j/global-setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
