// The logits of exported files in onnxruntime-web (WebAssembly), as engines.py:
//
//	node engines.mjs FOLDER MODULES
//
// MODULES is a node_modules folder with onnxruntime-web.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [folder, modules] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), "here.js"));
const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
console.log(JSON.stringify(ort.env.versions.web));
for (const c of JSON.parse(readFileSync(join(folder, "cases.json")))) {
  const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(join(folder, c.model))));
  const logits = [];
  for (const p of c.pictures) {
    const pixels = new Uint8Array(readFileSync(join(folder, p.file)));
    const image = new ort.Tensor("uint8", pixels, [1, p.h, p.w, 3]);
    const out = await session.run({ image }, ["logits"]);
    logits.push(Array.from(out.logits.data));
  }
  console.log(JSON.stringify({ model: c.model, logits }));
}
process.exit(0);
