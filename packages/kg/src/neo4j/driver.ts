/** What is used of the driver's module. */
export type DriverModule = Pick<typeof import("neo4j-driver"), "auth" | "driver" | "isRetryableError">;

/** Loads the driver where it is first needed: half a second that commands without Neo4j do not spend. */
export function loadDriver(): Promise<DriverModule> {
  return import("neo4j-driver");
}
