/** Attributes of an element. */
type Attributes = Readonly<Record<string, string | number>>;

/** Text as it may stand in markup. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);
}

/** An element with what stands in it. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const stated = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${stated.join("")}>${content}</${name}>`;
}

/** A picture of a size, with what it shows in words. */
export function svg(width: number, height: number, label: string, content: string): string {
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const said = { role: "img", "aria-label": label, class: "picture", "font-size": 12 };
  return element("svg", { xmlns: "http://www.w3.org/2000/svg", ...said, ...size }, content);
}
