"""Writes numpy.npz and refused.npz. Made with numpy 2.4.6: python3 write.py"""
import numpy as np

np.savez_compressed(
    "numpy.npz",
    f2=np.array([[0.5, -2, 65504]], np.float16), f4=np.array([[1.25, -3], [np.inf, 0]], np.float32),
    f8=np.array(2.5), u1=np.array([0, 255], np.uint8), i8=np.array([-7], np.int64),
    big=np.array([1.5, -9], ">f4"), empty=np.zeros((0, 3), np.float32))
np.savez("refused.npz", a=np.array([{"a": 1}], dtype=object))
