"""python daft_predict.py 'photos/**' answers/    (pip install daft onnxruntime pillow)"""
import io, json, sys
import daft, numpy, onnxruntime
from PIL import Image, ImageOps

@daft.cls
class Classifier:
    def __init__(self):
        self.session = onnxruntime.InferenceSession("model.onnx")
        self.labels = json.loads(self.session.get_modelmeta().custom_metadata_map["labels"])
    @daft.method(return_dtype=daft.DataType.struct({"label": daft.DataType.string(), "probability": daft.DataType.float32()}))
    def answer(self, data: bytes):  # the file resizes by itself
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        [[p]] = self.session.run(["probabilities"], {"image": numpy.asarray(picture)[None]})
        return {"label": self.labels[p.argmax()], "probability": float(p.max())}

files = daft.from_glob_path(sys.argv[1])
files.select("path", Classifier().answer(files["path"].download()).alias("answer")).write_json(sys.argv[2])
