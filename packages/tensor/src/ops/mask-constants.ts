/** A dropout rate as the ops that draw bits need it: what a kept 32-bit draw must reach, and what it is scaled by. */
export function maskConstants(rate: number): { readonly threshold: number; readonly kept: number } {
  return { threshold: Math.round(rate * 0x100000000), kept: 1 / (1 - rate) };
}
