import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A protobuf message as the parts of its bytes: large arrays stand in it as they are and are never copied. */
export type Message = readonly Uint8Array[];

/** Number of bytes of a message. */
function byteLength(message: Message): number {
  return message.reduce((sum, part) => sum + part.byteLength, 0);
}

/** A message of these fields; an absent one is left out. */
export function message(...fields: readonly (Message | undefined)[]): Message {
  return fields.flatMap((field) => field ?? []);
}

/** A field of integers, one each. */
export function integers(number: number, values: readonly (number | bigint)[]): Message {
  const writer = new BinaryWriter();
  for (const value of values) writer.tag(number, WireType.Varint).int64(value.toString());
  return [writer.finish()];
}

/** A field of one integer. */
export const integer = (number: number, value: number): Message => integers(number, [value]);

/** A field of 32-bit floats, one each. */
export function floats(number: number, values: readonly number[]): Message {
  const writer = new BinaryWriter();
  for (const value of values) writer.tag(number, WireType.Bit32).float(value);
  return [writer.finish()];
}

/** A field of texts, one each. */
export function texts(number: number, values: readonly string[]): Message {
  const writer = new BinaryWriter();
  for (const value of values) writer.tag(number, WireType.LengthDelimited).string(value);
  return [writer.finish()];
}

/** A field of one text. */
export const text = (number: number, value: string): Message => texts(number, [value]);

/** A field of bytes or of a message within. */
export function nested(number: number, content: Message): Message {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(byteLength(content));
  return [head.finish(), ...content];
}

/** A field of messages, one each. */
export const nestedList = (number: number, contents: readonly Message[]): Message =>
  contents.flatMap((content) => nested(number, content));
