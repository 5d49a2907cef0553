// Four threads that compute at once on the built binding: node threads.cjs LOADER CORE
const { Worker, isMainThread, workerData } = require("node:worker_threads");

const [loader, core] = isMainThread ? process.argv.slice(2) : workerData;
const tf = require(core);
require(loader)(tf);
if (isMainThread) for (let i = 0; i < 4; i++) new Worker(__filename, { workerData: [loader, core] });
else
  for (let i = 0; i < 200; i++)
    tf.tidy(() => {
      const x = tf.add(tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])), 1);
      return tf.concat([tf.softmax(x), tf.transpose(x), tf.mean(x, 1, true)], 1).dataSync();
    });
