/**
 * How many pieces of each sequence stay when both must fit into `room`: the longer gives way first.
 *
 * @source Rust `tokenizers` 0.23.2, utils/truncation.rs, `longest_first` (a closed form, not one piece at a time)
 */
export function longestFirst(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  let short = Math.min(first, second);
  let long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return first > second ? [long, short] : [short, long];
}
