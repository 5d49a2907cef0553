import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import neo4j from "neo4j-driver";

/** How tests reach a server. */
export interface ServerAddress {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Said instead of a server on a machine that cannot run one. */
class NoServer extends Error {}

/** Odd enough that a search for it in files and messages finds nothing else. */
const password = "Grün-kgraft-secret-4711";
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A Neo4j server of our own: a child process over a data folder of its own. */
export class Neo4jServer implements ServerAddress {
  readonly user = "neo4j";
  readonly password = password;
  readonly database = "neo4j";
  readonly url: string;
  readonly #home: string;
  readonly #port: number;
  readonly #jars: string;
  #process: ChildProcess | undefined;

  private constructor(jars: string, home: string, port: number) {
    this.#jars = jars;
    this.#home = home;
    this.#port = port;
    this.url = `bolt://127.0.0.1:${port}`;
  }

  /**
   * Starts a server with authentication on, on a free port.
   *
   * @throws NoServer where Java (17 or later) or, for the first time, Maven is missing
   */
  static async start(): Promise<Neo4jServer> {
    await assertJava();
    const jars = await cachedJars();
    const home = await mkdtemp(join(tmpdir(), "kgraft-neo4j-"));
    const server = new Neo4jServer(jars, home, await freePort());
    await server.run();
    await setPassword(server.url);
    return server;
  }

  /** Starts the process again, over the same data and port. */
  async run(): Promise<void> {
    const child = spawn(
      "java",
      ["-Xmx512m", "-cp", join(this.#jars, "*"), here("Server.java"), this.#home, String(this.#port)],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    this.#process = child;
    const complaints: string[] = [];
    child.stderr.on("data", (text) => complaints.push(String(text)));
    for await (const line of createInterface({ input: child.stdout })) if (line === "ready") return;
    throw new Error(`The Neo4j server for the tests did not start: ${complaints.join("").slice(0, 4000)}`);
  }

  /** Kills the process at once, as a power cut does. */
  async kill(): Promise<void> {
    await this.#end(() => this.#process?.kill("SIGKILL"));
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    await this.#end(() => this.#process?.kill("SIGKILL"));
    await rm(this.#home, { recursive: true, force: true });
  }

  async #end(how: () => void): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    how();
    await exited;
  }
}

async function assertJava(): Promise<void> {
  const run = promisify(execFile);
  const { stderr } = await run("java", ["-version"]).catch(() => {
    throw new NoServer("no Java here; the tests against a real Neo4j need Java 17 or later");
  });
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
  if (version < 17) throw new NoServer(`Java ${version} here; the tests against a real Neo4j need 17 or later`);
}

/** The folder of Neo4j's jars, in the cache outside the checkout; Maven fetches them once. */
async function cachedJars(): Promise<string> {
  const pom = here("pom.xml");
  const version = /<version>(.+?)<\/version>/.exec(await readFile(pom, "utf8"))?.[1] as string;
  const folder = join(cacheFolder(), "neo4j-test", version);
  if (await isThere(folder)) return folder;
  await mkdir(join(folder, ".."), { recursive: true });
  const temporary = await mkdtemp(`${folder}-`);
  await writeFile(join(temporary, "pom.xml"), await readFile(pom));
  const goal = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"];
  try {
    await promisify(execFile)("mvn", goal, { cwd: temporary, maxBuffer: 1 << 26 });
    await rename(join(temporary, "jars"), folder).catch(async (cause) => {
      if (!(await isThere(folder))) throw cause;
    });
  } catch (cause) {
    const { code, stdout = "" } = cause as { code?: unknown; stdout?: string };
    throw new NoServer(
      code === "ENOENT"
        ? "no Maven here, which fetches Neo4j once"
        : `Maven could not fetch Neo4j: ${stdout.slice(0, 500)}`,
    );
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

function cacheFolder(): string {
  const { KGRAFT_CACHE, XDG_CACHE_HOME } = process.env;
  return KGRAFT_CACHE || (XDG_CACHE_HOME ? join(XDG_CACHE_HOME, "kgraft") : join(homedir(), ".cache", "kgraft"));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A new server has the password "neo4j", good for nothing but being changed. */
async function setPassword(url: string): Promise<void> {
  const driver = neo4j.driver(url, neo4j.auth.basic("neo4j", "neo4j"));
  try {
    await driver.executeQuery(
      "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password",
      { password },
      { database: "system" },
    );
  } finally {
    await driver.close();
  }
}
