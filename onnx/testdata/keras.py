"""Writes keras/*.onnx: channels last outside, convolutions with SAME padding,
the batch called unk__1, weights as int32_data and float_data, a squeeze of two
axes. As tf2onnx 1.16 writes keras.applications; made with onnx.helper."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def tensor(name, a, typed=False):
    a = np.asarray(a)
    if typed:  # not raw: one of the six other fields
        return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape, a.flatten())
    return numpy_helper.from_array(a, name)


def write(name, opset, ir, typed):
    rng = np.random.default_rng(1)
    f = lambda *s: rng.standard_normal(s).astype(np.float32)
    init = [tensor("w", f(4, 3, 3, 3), typed), tensor("b", f(4), typed), tensor("k", f(4, 1, 3, 3), typed),
            tensor("d", f(4, 5), typed), tensor("e", f(5), typed)]
    init += [tensor(n, f(4) ** 2 + 1, typed) for n in ("gamma", "beta", "mean", "var")]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2], name="model/conv1/Conv2D__6"),
        helper.make_node("Conv", ["t", "w", "b"], ["c"], auto_pad="SAME_UPPER", strides=[2, 2],
                         kernel_shape=[3, 3], dilations=[1, 1], group=1, name="model/conv1/Conv2D"),
        helper.make_node("BatchNormalization", ["c", "gamma", "beta", "mean", "var"], ["n"], epsilon=1e-3),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("Conv", ["r", "k"], ["q"], auto_pad="SAME_UPPER", group=4, kernel_shape=[3, 3]),
        helper.make_node("MaxPool", ["q"], ["m"], kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID"),
        helper.make_node("GlobalAveragePool", ["m"], ["g"]),
    ]
    if opset >= 13:
        init.append(tensor("axes", np.array([2, 3], np.int64), typed))
        nodes.append(helper.make_node("Squeeze", ["g", "axes"], ["s"]))
    else:
        nodes.append(helper.make_node("Squeeze", ["g"], ["s"], axes=[2, 3]))
    nodes += [helper.make_node("MatMul", ["s", "d"], ["a"]), helper.make_node("Add", ["a", "e"], ["l"]),
              helper.make_node("Softmax", ["l"], ["y"], axis=1)]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "tf2onnx", [info("x", TensorProto.FLOAT, ["unk__1", 15, 16, 3])],
                              [info("y", TensorProto.FLOAT, ["unk__2", 5])], init)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 2)],
                              ir_version=ir, producer_name="tf2onnx")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, f"keras/{name}.onnx")


write("old", 9, 4, True)
write("new", 15, 8, False)
write("latest", 21, 10, True)
