package infer

// keyPrecision is the key of a file's metadata_props that has its precision: fp32, fp16
// or int8.
const keyPrecision = "precision"
