#pragma once
// Splits a loop over TensorFlow's number of threads.
#include <cstdint>
#include <functional>

namespace kgraft {

// Calls body(begin, end) for ranges that cover [0, count), each of `grain` items but the last. Ranges are the same for
// any number of threads, so that sums made range by range are too. Runs on the calling thread where another one is
// inside already.
void ParallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

}  // namespace kgraft
