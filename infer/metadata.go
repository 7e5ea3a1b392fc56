package infer

// keyPrecision is the key of a file's metadata_props that has its precision, an
// export.Precision.
const keyPrecision = "precision"
