"""python ray_predict.py photos/ answers/    (pip install "ray[data]" onnxruntime pillow)"""
import io, json, sys
import numpy, onnxruntime, ray
from PIL import Image, ImageOps

class Classifier:
    def __init__(self):
        self.session = onnxruntime.InferenceSession("model.onnx")
        self.labels = json.loads(self.session.get_modelmeta().custom_metadata_map["labels"])
    def __call__(self, row):  # the file resizes by itself
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(row["bytes"]))).convert("RGB")
        [[p]] = self.session.run(["probabilities"], {"image": numpy.asarray(picture)[None]})
        return {"file": row["path"], "label": self.labels[p.argmax()], "probability": float(p.max())}

pictures = ray.data.read_binary_files(sys.argv[1], include_paths=True)
pictures.map(Classifier, compute=ray.data.ActorPoolStrategy(size=2)).write_json(sys.argv[2])
