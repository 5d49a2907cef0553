export { describeValue, exportOnnx, type OnnxExport, type OnnxFile, type Sample } from "./export-onnx.ts";
export { OPSET } from "./file/write-model.ts";
