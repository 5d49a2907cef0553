import { type ErrorParts, InputError, KgraftError, messageOf, RunError } from "@kgraft/runtime";
import type { Neo4jConnectionOptions } from "./neo4j-options.ts";

type Server = Pick<Neo4jConnectionOptions, "url" | "user" | "password" | "database">;

/** Names a server for provenance and errors: `neo4j bolt://host:7687/movies`, never with credentials. */
export function serverName({ url, database }: Pick<Server, "url" | "database">): string {
  return `neo4j ${url.replace(/\/+$/, "")}/${database}`;
}

/**
 * Turns what the driver throws into an error that a person can act upon. The driver's own error is not kept as `cause`
 * and the password is cut from its text, so that no credential reaches a log.
 */
export function explain(cause: unknown, server: Server, doing: string): KgraftError {
  if (cause instanceof KgraftError) return cause;
  const at = serverName(server);
  const text = withoutSecret(messageOf(cause), server.password);
  const code = codeOf(cause);
  const known = securityError(code, server) ?? connectionError(code, text, server) ?? statementError(code, text, doing);
  if (known === undefined)
    return new RunError({
      code: "kg.neo4j.failed",
      at,
      problem: `${doing} failed: ${text}`,
      fix: "The server's own log says more; what was written so far stays, and the same command goes on from there",
    });
  const { failed = false, ...parts } = known;
  return failed ? new RunError({ at, ...parts }) : new InputError({ at, ...parts });
}

/** The code of an error of the driver, which is known by its name. */
function codeOf(cause: unknown): string {
  const { name, code } = (cause ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === "Neo4jError" && typeof code === "string" ? code : "";
}

type Known = Omit<ErrorParts, "at" | "cause"> & { readonly failed?: boolean };

function securityError(code: string, { user, database }: Server): Known | undefined {
  switch (code) {
    case "Neo.ClientError.Security.Unauthorized":
    case "Neo.ClientError.Security.TokenExpired":
      return {
        code: "kg.neo4j.password",
        problem: `the server does not accept user "${user}" with the given password`,
        fix: "Check graph.user and graph.password, e.g. whether the environment variable holds what you think",
      };
    case "Neo.ClientError.Security.AuthenticationRateLimit":
      return {
        code: "kg.neo4j.password",
        problem: `the server refuses user "${user}" for a while after several wrong passwords`,
        fix: "Correct graph.password and wait some seconds",
      };
    case "Neo.ClientError.Security.CredentialsExpired":
      return {
        code: "kg.neo4j.password",
        problem: `the password of user "${user}" must be changed before anything else is allowed`,
        fix: "Set a new one with ALTER CURRENT USER SET PASSWORD FROM … TO … on database system",
      };
    case "Neo.ClientError.Security.Forbidden":
      return {
        code: "kg.neo4j.forbidden",
        problem: `user "${user}" may not do this in database "${database}"`,
        fix: "GRANT it a role that may: reader for graphs, and architect or admin for --write-back, which makes indexes",
      };
    case "Neo.ClientError.Database.DatabaseNotFound":
      return {
        code: "kg.neo4j.database",
        problem: `there is no database "${database}"`,
        fix: "Check graph.database; SHOW DATABASES lists them",
      };
    default:
      return undefined;
  }
}

function connectionError(code: string, text: string, { url }: Server): Known | undefined {
  if (/responded HTTP|HTTP endpoint|http endpoint/.test(text))
    return {
      code: "kg.neo4j.protocol",
      problem: "the port speaks HTTP, not Bolt",
      fix: "Take the Bolt port, mostly 7687",
    };
  if (code !== "ServiceUnavailable" && code !== "SessionExpired") return undefined;
  const secure = /\+s(sc)?:/.test(url);
  return {
    code: "kg.neo4j.unreachable",
    problem: `no Neo4j server answers: ${text}`,
    fix: secure
      ? "Check that the server runs, the address and port, and that it speaks TLS there (bolt:// and neo4j:// go without)"
      : "Check that the server runs, the address and port, and whether it wants TLS (bolt+s://, neo4j+s://)",
    failed: true,
  };
}

function statementError(code: string, text: string, doing: string): Known | undefined {
  if (!/^Neo\.ClientError\.(Statement|Procedure|Schema)\./.test(code)) return undefined;
  return {
    code: "kg.neo4j.statement",
    problem: `${doing} was refused: ${text}`,
    fix: "Check the names and filters of graph.entities and graph.relations, or the Cypher of graph.queries",
  };
}

function withoutSecret(text: string, password: string | undefined): string {
  return password === undefined || password === "" ? text : text.replaceAll(password, "…");
}
