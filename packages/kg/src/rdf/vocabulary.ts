import { InputError } from "@kgraft/runtime";

const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const rdfs = "http://www.w3.org/2000/01/rdf-schema#";
const skos = "http://www.w3.org/2004/02/skos/core#";

/** Predicates that say something about an entity rather than relate two. */
export const vocabulary = {
  type: `${rdf}type`,
  property: `${rdf}Property`,
  json: `${rdf}JSON`,
  label: `${rdfs}label`,
  prefLabel: `${skos}prefLabel`,
  altLabel: `${skos}altLabel`,
  comment: `${rdfs}comment`,
  definition: `${skos}definition`,
  description: "http://schema.org/description",
  secureDescription: "https://schema.org/description",
} as const;

/** Where ids that are no IRIs themselves are put; an IRI below it is read as the id again. */
const idBase = "urn:kgraft:";

/** Where the names of properties are put. */
export const propertyBase = "urn:kgraft-property:";

/** An id as an IRI: as it is where it is one, else percent-encoded below {@link idBase}. */
export function iriOf(id: string): string {
  if (/\p{Cs}/u.test(id))
    throw new InputError({
      code: "kg.export.field",
      at: "kg.writeGraph nt",
      problem: `id ${JSON.stringify(id)} holds half a character, which no file of UTF-8 text can`,
      wanted: "Wanted whole characters",
      fix: "Write the graph in another format, or mend the id where the graph comes from",
    });
  const isIri =
    /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`\p{Cc}]+$/iu.test(id) && !id.startsWith(idBase) && !id.startsWith("_:");
  return isIri ? id : idBase + encodeURIComponent(id);
}

/** The id of an IRI or a blank node; the inverse of {@link iriOf}. */
export function idOfIri(iri: string): string {
  return iri.startsWith(idBase) ? decoded(iri.slice(idBase.length)) : iri;
}

/** The last part of an IRI, for words: `http://example.org/bornIn` gives `bornIn`. */
export function localName(iri: string): string {
  const name = /[^#/:]+(?=[#/:]*$)/.exec(iri)?.[0] ?? iri;
  return decoded(name);
}

/** Percent-decodes, and leaves as it is what is not percent-encoded rightly. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
