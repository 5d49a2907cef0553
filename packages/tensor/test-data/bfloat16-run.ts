import { streams } from "@kgraft/runtime";
import { openBackend, tf } from "../src/index.ts";

/** Multiplies two random matrices in bfloat16 and prints how far that is from the product in JavaScript, relative to it. */
export async function main(): Promise<void> {
  const draw = (name: string): Float32Array =>
    streams(1)
      .at(name)
      .fillNormal(new Float32Array(256 * 256), 1);
  const product = (): Float32Array =>
    tf.matMul(tf.tensor2d(draw("a"), [256, 256]), tf.tensor2d(draw("b"), [256, 256])).dataSync() as Float32Array;
  await openBackend("cpu");
  const wanted = Float32Array.from(product());
  await openBackend("native", { matmul: "bfloat16" });
  const got = product();
  const norm = (values: Float32Array): number => Math.hypot(...values.subarray(0, 4096));
  console.log(norm(got.map((value, i) => value - (wanted[i] as number))) / norm(wanted));
}
