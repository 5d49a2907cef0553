import { InputError, messageOf } from "@kgraft/runtime";
import type { Quad, Term } from "n3";
import type { Entity, Triple } from "../graph.ts";
import { Int32List } from "../int32-list.ts";
import { decoded, idOfIri, propertyBase, vocabulary } from "./vocabulary.ts";

interface Draft {
  readonly id: string;
  labels?: string[];
  aliases?: string[];
  description?: string;
  types?: string[];
  properties?: Map<string, unknown[]>;
  isRelation?: boolean;
  /** Whether it is more than the name of a relation. */
  isEntity?: boolean;
}

const labelPredicates = new Set<string>([vocabulary.label, vocabulary.prefLabel]);
const descriptionPredicates = new Set<string>([
  vocabulary.comment,
  vocabulary.definition,
  vocabulary.description,
  vocabulary.secureDescription,
]);

/** Collects what the statements of an RDF file say about each resource, in whatever order they come. */
export class RdfDraft {
  readonly #language: string;
  readonly #resources: Draft[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #triples = new Int32List();

  constructor(language: string) {
    this.#language = language.toLowerCase();
  }

  add({ subject, predicate, object }: Quad): void {
    const number = this.#number(subject);
    const draft = this.#resources[number] as Draft;
    if (object.termType === "Literal") {
      this.#addLiteral(draft, predicate.value, object);
      return;
    }
    if (predicate.value === vocabulary.type) {
      if (object.value === vocabulary.property) draft.isRelation = true;
      else draft.types = [...(draft.types ?? []), idOfIri(object.value)];
      return;
    }
    draft.isEntity = true;
    const relation = this.#number(predicate);
    const tail = this.#number(object);
    (this.#resources[relation] as Draft).isRelation = true;
    (this.#resources[tail] as Draft).isEntity = true;
    for (const part of [number, relation, tail]) this.#triples.push(part);
  }

  *entities(): Generator<Entity> {
    for (const draft of this.#resources) {
      if (draft.isRelation && !draft.isEntity) continue;
      const {
        id,
        labels = [],
        aliases = [],
        description,
        types = [],
        properties = new Map<string, unknown[]>(),
      } = draft;
      const [label = id, ...others] = labels.filter((text) => text !== "");
      yield {
        id,
        label,
        aliases: [...new Set([...others, ...aliases])],
        ...(description === undefined ? {} : { description }),
        types: [...new Set(types)],
        properties: Object.fromEntries(
          [...properties].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
        ),
      };
    }
  }

  *relations(): Generator<{ id: string; label: string | undefined }> {
    for (const { id, isRelation, labels } of this.#resources) if (isRelation) yield { id, label: labels?.[0] };
  }

  *triples(): Generator<Triple> {
    const triples = this.#triples.toArray();
    const id = (i: number) => (this.#resources[triples[i] as number] as Draft).id;
    for (let i = 0; i < triples.length; i += 3) yield { head: id(i), relation: id(i + 1), tail: id(i + 2) };
  }

  #number({ termType, value }: Term): number {
    const id = termType === "BlankNode" ? `_:${value}` : idOfIri(value);
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#numbers.set(id, this.#resources.length);
    return this.#resources.push({ id }) - 1;
  }

  #addLiteral(draft: Draft, predicate: string, literal: Term & { termType: "Literal" }): void {
    const { value, language } = literal;
    const isText =
      labelPredicates.has(predicate) || predicate === vocabulary.altLabel || descriptionPredicates.has(predicate);
    if (isText && language !== "" && language.toLowerCase().split("-")[0] !== this.#language) return;
    if (labelPredicates.has(predicate)) draft.labels = [...(draft.labels ?? []), value];
    else if (predicate === vocabulary.altLabel) draft.aliases = [...(draft.aliases ?? []), value];
    else if (descriptionPredicates.has(predicate)) draft.description ??= value;
    else this.#addProperty(draft, predicate, literal);
  }

  #addProperty(draft: Draft, predicate: string, { value, datatype }: Term & { termType: "Literal" }): void {
    const name = predicate.startsWith(propertyBase) ? decoded(predicate.slice(propertyBase.length)) : predicate;
    draft.properties ??= new Map();
    const parsed =
      datatype.value === vocabulary.json ? parsedJson(value, draft.id) : literalValue(value, datatype.value);
    draft.properties.set(name, [...(draft.properties.get(name) ?? []), parsed]);
  }
}

function parsedJson(text: string, id: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError({
      code: "kg.rdf.json",
      at: `resource <${id}>`,
      problem: `a literal of type rdf:JSON is not JSON: ${messageOf(cause)}`,
      fix: "Mend the literal, or give it the type xsd:string",
      cause,
    });
  }
}

/** A number or truth value as such where JSON can hold it, else the text. */
function literalValue(value: string, datatype: string): unknown {
  const kind = /XMLSchema#(\w+)$/.exec(datatype)?.[1] ?? "";
  if (kind === "boolean") return value === "true" || value === "1";
  if (!/^(integer|int|long|short|byte|decimal|double|float|nonNegativeInteger|positiveInteger)$/.test(kind))
    return value;
  const number = Number(value);
  const exact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return exact ? number : value;
}
