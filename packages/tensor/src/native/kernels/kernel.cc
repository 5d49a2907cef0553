#include "kernel.h"

#include <cstdio>
#include <cstdlib>

namespace kgraft {
namespace {

void* Create(TF_OpKernelConstruction* construction) {
  auto* const attributes = new Attributes;
  TF_Status* const status = TF_NewStatus();
  // An op that does not declare one leaves the default.
  TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &attributes->epsilon, status);
  TF_OpKernelConstruction_GetAttrInt64(construction, "threshold", &attributes->threshold, status);
  TF_OpKernelConstruction_GetAttrFloat(construction, "kept", &attributes->kept, status);
  TF_OpKernelConstruction_GetAttrFloat(construction, "scale", &attributes->scale, status);
  TF_OpKernelConstruction_GetAttrInt64(construction, "heads", &attributes->heads, status);
  TF_OpKernelConstruction_GetAttrBool(construction, "tanh", &attributes->tanh, status);
  TF_DeleteStatus(status);
  return attributes;
}

void Delete(void* kernel) { delete static_cast<Attributes*>(kernel); }

// Ends the process: only a mistake in this package's own declarations comes here, the first time that it is loaded.
void Require(TF_Status* status, const char* name) {
  if (TF_GetCode(status) == TF_OK) return;
  std::fprintf(stderr, "kgraft: cannot register the op %s: %s\n", name, TF_Message(status));
  std::abort();
}

}  // namespace

Call::Call(TF_OpKernelContext* context, const Attributes& given)
    : attributes(given), context_(context), status_(TF_NewStatus()) {
  for (int i = 0; i < TF_NumInputs(context) && ok(); i++) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context, i, &tensor, status_);
    if (!ok()) break;
    inputs_.push_back(tensor);
    std::vector<int64_t> shape;
    for (int axis = 0; axis < TF_NumDims(tensor); axis++) shape.push_back(TF_Dim(tensor, axis));
    shapes_.push_back(shape);
  }
}

Call::~Call() {
  if (!ok()) TF_OpKernelContext_Failure(context_, status_);
  for (TF_Tensor* tensor : inputs_) TF_DeleteTensor(tensor);
  for (TF_Tensor* tensor : outputs_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

bool Call::ok() const { return TF_GetCode(status_) == TF_OK; }

void Call::Fail(const char* message) { TF_SetStatus(status_, TF_INVALID_ARGUMENT, message); }

float* Call::Output(int index, const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (const int64_t extent : shape) size *= extent;
  TF_Tensor* const tensor = TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                              size * sizeof(float), status_);
  if (!ok()) return nullptr;
  outputs_.push_back(tensor);
  return static_cast<float*>(TF_TensorData(tensor));
}

void Register(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
              std::initializer_list<const char*> attributes, void (*compute)(void*, TF_OpKernelContext*)) {
  TF_Status* const status = TF_NewStatus();
  TF_OpDefinitionBuilder* const op = TF_NewOpDefinitionBuilder(name);
  for (const char* const each : inputs) TF_OpDefinitionBuilderAddInput(op, each);
  for (const char* const each : outputs) TF_OpDefinitionBuilderAddOutput(op, each);
  for (const char* const each : attributes) TF_OpDefinitionBuilderAddAttr(op, each);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(op, status);
  Require(status, name);
  TF_KernelBuilder* const kernel = TF_NewKernelBuilder(name, "CPU", &Create, compute, &Delete);
  TF_RegisterKernelBuilder(name, kernel, status);
  Require(status, name);
  TF_DeleteStatus(status);
}

}  // namespace kgraft
