import { DataFactory, type Quad_Object, type Quad_Predicate, type Quad_Subject, Writer } from "n3";
import type { Entity, Graph } from "../graph.ts";
import { iriOf, propertyBase, vocabulary } from "../rdf/vocabulary.ts";

const { literal, namedNode } = DataFactory;

/** A graph as N-Triples: relations and their words, entities and their fields, then the triples. */
export async function* ntriplesText(graph: Graph): AsyncGenerator<string> {
  const writer = new Writer({ format: "N-Triples" });
  const statement = (subject: string, predicate: string, object: Quad_Object) =>
    writer.quadToString(resource(subject), namedNode(predicate) as Quad_Predicate, object);
  for await (const { id, label } of graph.relations()) {
    yield statement(id, vocabulary.type, namedNode(vocabulary.property));
    yield statement(id, vocabulary.label, literal(label));
  }
  for await (const entity of graph.entities())
    for (const [predicate, object] of fields(entity)) yield statement(entity.id, predicate, object);
  for await (const { head, relation, tail } of graph.triples()) yield statement(head, iriOf(relation), resource(tail));
}

function resource(id: string): Quad_Subject & Quad_Object {
  return namedNode(iriOf(id));
}

function* fields({ label, aliases, description, types, properties }: Entity): Generator<[string, Quad_Object]> {
  yield [vocabulary.label, literal(label)];
  for (const alias of aliases) yield [vocabulary.altLabel, literal(alias)];
  if (description !== undefined) yield [vocabulary.comment, literal(description)];
  for (const type of types) yield [vocabulary.type, resource(type)];
  for (const [name, value] of Object.entries(properties))
    if (value !== undefined)
      yield [propertyBase + encodeURIComponent(name), literal(JSON.stringify(value), namedNode(vocabulary.json))];
}
