"""The logits of exported files in other engines.

    python engines.py ENGINE FOLDER

FOLDER has cases.json, a list of {"model", "pictures": [{"file", "w", "h"}]}, files
of pixels, and an ONNX file for each model. The answer is a line of JSON for each
case: {"model", "logits"}, after a line with the engine's version. Needs numpy and
the engine: onnxruntime, openvino or opencv-python-headless.
"""
import json
import os
import sys

import numpy as np


def onnxruntime(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: session.run(["logits"], {"image": x})[0]


def openvino(path):
    import openvino

    core = openvino.Core()
    # In float32: some processors have OpenVINO compute in bfloat16 otherwise.
    model = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda x: model(x)[model.output("logits")]


def opencv(path):
    import cv2

    net = cv2.dnn.readNetFromONNX(path)

    def run(x):
        net.setInput(x)
        return net.forward("logits")

    return run


def version(engine):
    module = __import__({"opencv": "cv2"}.get(engine, engine))
    return module.__version__


def main(engine, folder):
    print(json.dumps(version(engine)), flush=True)
    with open(os.path.join(folder, "cases.json")) as f:
        cases = json.load(f)
    for case in cases:
        run = globals()[engine](os.path.join(folder, case["model"]))
        logits = []
        for p in case["pictures"]:
            pixels = np.fromfile(os.path.join(folder, p["file"]), np.uint8)
            out = run(pixels.reshape(1, p["h"], p["w"], 3))
            logits.append(np.asarray(out, np.float64).reshape(-1).tolist())
        print(json.dumps({"model": case["model"], "logits": logits}), flush=True)


main(*sys.argv[1:])
