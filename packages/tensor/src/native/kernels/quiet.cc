// Silences the standard error stream while TensorFlow's library loads: it prints remarks that no setting turns off.
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

namespace {

int saved = -1;

napi_value Hush(napi_env, napi_callback_info) {
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null < 0 || saved >= 0) return nullptr;
  saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved >= 0) dup2(null, STDERR_FILENO);
  close(null);
  return nullptr;
}

napi_value Speak(napi_env, napi_callback_info) {
  if (saved < 0) return nullptr;
  dup2(saved, STDERR_FILENO);
  close(saved);
  saved = -1;
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"hush", nullptr, Hush, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"speak", nullptr, Speak, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}

}  // namespace

NAPI_MODULE(quiet, Init)
