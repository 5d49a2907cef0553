import * as tf from "@tensorflow/tfjs-core";
import { fresh, type GradientRule, rule, sumToShape } from "./gradient-rule.ts";

const SQRT_2_PI = 2 / Math.sqrt(Math.PI);

const unary = (kernel: string, derivative: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor): GradientRule =>
  rule(kernel, ["x"], [], (dy, [x]) => ({ x: () => derivative(dy, x as tf.Tensor) }));

/** Rules whose derivative is cheaper from the output than from the input. */
const unaryOfOutput = (kernel: string, derivative: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor): GradientRule =>
  rule(kernel, [], [true], (dy, [y]) => ({ x: () => derivative(dy, y as tf.Tensor) }));

/** A rule of two inputs that broadcast against each other. */
const binary = (
  kernel: string,
  da: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  db: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): GradientRule =>
  rule(kernel, ["a", "b"], [], (dy, saved) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    return { a: () => sumToShape(da(dy, a, b), a.shape), b: () => sumToShape(db(dy, a, b), b.shape) };
  });

const where = (dy: tf.Tensor, condition: tf.Tensor): tf.Tensor => tf.mul(dy, tf.cast(condition, "float32"));
const asFloat = (x: tf.Tensor): tf.Tensor => (x.dtype === "float32" ? x : tf.cast(x, "float32"));

/** Derivatives of the elementwise kernels. */
export const elementwiseGradients: readonly GradientRule[] = [
  binary(
    tf.Add,
    (dy) => dy,
    (dy) => dy,
  ),
  binary(
    tf.Sub,
    (dy) => dy,
    (dy) => tf.neg(dy),
  ),
  binary(
    tf.Multiply,
    (dy, _a, b) => tf.mul(dy, asFloat(b)),
    (dy, a) => tf.mul(dy, asFloat(a)),
  ),
  binary(
    tf.RealDiv,
    (dy, _a, b) => tf.div(dy, asFloat(b)),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, asFloat(a)), tf.square(asFloat(b)))),
  ),
  binary(
    tf.Maximum,
    (dy, a, b) => where(dy, tf.greaterEqual(a, b)),
    (dy, a, b) => where(dy, tf.less(a, b)),
  ),
  binary(
    tf.Minimum,
    (dy, a, b) => where(dy, tf.lessEqual(a, b)),
    (dy, a, b) => where(dy, tf.greater(a, b)),
  ),
  binary(
    tf.SquaredDifference,
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(a, b))),
    (dy, a, b) => tf.mul(dy, tf.mul(2, tf.sub(b, a))),
  ),
  binary(
    tf.Pow,
    (dy, a, b) => tf.mul(dy, tf.mul(asFloat(b), tf.pow(a, tf.sub(b, 1)))),
    (dy, a, b) => {
      const positive = tf.greater(a, 0);
      const log = tf.where(positive, tf.log(tf.where(positive, a, tf.onesLike(a))), tf.zerosLike(a));
      return tf.mul(dy, tf.mul(tf.pow(a, b), log));
    },
  ),
  binary(
    tf.Atan2,
    (dy, a, b) => tf.div(tf.mul(dy, b), tf.add(tf.square(a), tf.square(b))),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.add(tf.square(a), tf.square(b)))),
  ),
  unary(tf.Abs, (dy, x) => tf.mul(dy, tf.sign(x))),
  unary(tf.Square, (dy, x) => tf.mul(dy, tf.mul(asFloat(x), 2))),
  unary(tf.Log, (dy, x) => tf.div(dy, asFloat(x))),
  unary(tf.Log1p, (dy, x) => tf.div(dy, tf.add(x, 1))),
  unary(tf.Cos, (dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
  unary(tf.Sin, (dy, x) => tf.mul(dy, tf.cos(x))),
  unary(tf.Tan, (dy, x) => tf.div(dy, tf.square(tf.cos(x)))),
  unary(tf.Atan, (dy, x) => tf.div(dy, tf.add(tf.square(x), 1))),
  unary(tf.Acos, (dy, x) => tf.neg(tf.div(dy, tf.sqrt(tf.sub(1, tf.square(x)))))),
  unary(tf.Asin, (dy, x) => tf.div(dy, tf.sqrt(tf.sub(1, tf.square(x))))),
  unary(tf.Sinh, (dy, x) => tf.mul(dy, tf.cosh(x))),
  unary(tf.Cosh, (dy, x) => tf.mul(dy, tf.sinh(x))),
  unary(tf.Softplus, (dy, x) => tf.mul(dy, tf.sigmoid(x))),
  unary(tf.Erf, (dy, x) => tf.mul(dy, tf.mul(SQRT_2_PI, tf.exp(tf.neg(tf.square(x)))))),
  unary(tf.Relu, (dy, x) => where(dy, tf.greater(x, 0))),
  unary(tf.Relu6, (dy, x) => where(dy, tf.logicalAnd(tf.greater(x, 0), tf.less(x, 6)))),
  unary(tf.Elu, (dy, x) => tf.mul(dy, tf.where(tf.greater(x, 0), tf.onesLike(x), tf.exp(tf.minimum(x, 0))))),
  unaryOfOutput(tf.Exp, (dy, y) => tf.mul(dy, y)),
  unaryOfOutput(tf.Expm1, (dy, y) => tf.mul(dy, tf.add(y, 1))),
  unaryOfOutput(tf.Sqrt, (dy, y) => tf.div(dy, tf.mul(y, 2))),
  unaryOfOutput(tf.Rsqrt, (dy, y) => tf.mul(dy, tf.mul(-0.5, tf.mul(y, tf.square(y))))),
  unaryOfOutput(tf.Reciprocal, (dy, y) => tf.neg(tf.mul(dy, tf.square(y)))),
  unaryOfOutput(tf.Sigmoid, (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  unaryOfOutput(tf.Tanh, (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  rule(tf.Neg, [], [], (dy) => ({ x: () => tf.neg(dy) })),
  rule(tf.Identity, [], [], (dy) => ({ x: () => fresh(dy) })),
  rule(tf.Cast, [], [], (dy) => ({ x: () => fresh(asFloat(dy)) })),
  ...[tf.Sign, tf.Floor, tf.Ceil, tf.Round, tf.Step, tf.ZerosLike, tf.OnesLike].map((kernel) =>
    rule(kernel, [], [], (dy) => ({ x: () => tf.zerosLike(dy) })),
  ),
  rule(tf.LeakyRelu, ["x"], [], (dy, [x], { alpha }) => ({
    x: () => {
      const input = x as tf.Tensor;
      return tf.mul(dy, tf.where(tf.greater(input, 0), tf.onesLike(input), tf.fill(input.shape, alpha as number)));
    },
  })),
  rule(tf.ClipByValue, ["x"], [], (dy, [x], { clipValueMin, clipValueMax }) => ({
    x: () =>
      where(
        dy,
        tf.logicalAnd(
          tf.greaterEqual(x as tf.Tensor, clipValueMin as number),
          tf.lessEqual(x as tf.Tensor, clipValueMax as number),
        ),
      ),
  })),
  // Steps and comparisons are flat where they are smooth, so that masks may be computed from what is trained.
  ...[tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual, tf.Equal, tf.NotEqual, tf.LogicalAnd, tf.LogicalOr].map(
    (kernel) =>
      rule(kernel, ["a", "b"], [], (_dy, saved) => {
        const [a, b] = saved as [tf.Tensor, tf.Tensor];
        return { a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) };
      }),
  ),
  rule(tf.LogicalNot, ["x"], [], (_dy, [x]) => ({ x: () => tf.zeros((x as tf.Tensor).shape) })),
  rule(tf.Select, ["condition"], [], (dy, [condition]) => ({
    condition: () => tf.zeros((condition as tf.Tensor).shape),
    t: () => where(dy, condition as tf.Tensor),
    e: () => where(dy, tf.logicalNot(condition as tf.Tensor)),
  })),
];
