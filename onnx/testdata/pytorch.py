"""Writes pytorch/*.onnx with PyTorch 1.13 (Debian's python3-torch)."""
import torch
from torch import nn
import torch.nn.functional as F


class CNN(nn.Module):
    """What most classifiers are made of, with the batch free."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 4, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.b = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.c = nn.Linear(4 * 4 * 4, 6)
        self.d = nn.Linear(6, 5)

    def forward(self, x):
        x = F.relu6(self.bn(self.a(x)))
        x = x + F.leaky_relu(self.b(x))
        x = F.max_pool2d(x, 2)
        x = x.view(x.size(0), -1)
        return self.d(F.dropout(torch.sigmoid(self.c(x)), training=self.training))


class Pieces(nn.Module):
    """Shapes that are computed: split, pad, resize, mean, slices."""

    def forward(self, x):
        a, b = x[:, :2], x[:, 1:]
        x = torch.cat([a, b], 1)
        x = F.interpolate(F.pad(x, (1, 2, 1, 1)), scale_factor=2, mode="nearest")
        y, z = x.chunk(2, 1)
        x = torch.softmax(y * z + 1, 1).mean((2, 3), keepdim=True)
        x = F.adaptive_avg_pool2d(x, 1).squeeze(3).unsqueeze(1)
        return x.permute(0, 2, 1, 3).reshape(x.shape[0], -1)


class Attention(nn.Module):
    """A block of a vision transformer: layer norm, matrix products, GELU."""

    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        x = F.pad(x, (0, 5))
        n, t, c = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        w = (q @ k.transpose(-2, -1) * 0.5).softmax(-1)
        return F.gelu(self.out((w @ v).transpose(1, 2).reshape(n, t, c))).mean(1)


class Recurrent(nn.Module):
    """Operators without a shape rule here."""

    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 5)

    def forward(self, x):
        y, _ = self.rnn(x.flatten(2).transpose(1, 2))
        return self.out(y[:, -1])


def write(module, name, opset, size=16):
    torch.manual_seed(1)
    torch.onnx.export(module().eval(), torch.zeros(2, 3, size, size), f"pytorch/{name}_{opset}.onnx",
                      opset_version=opset, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}})


for opset in (7, 9, 11, 13, 17):
    write(CNN, "cnn", opset)
for opset in (9, 11, 13, 17):
    write(Pieces, "pieces", opset, 12)
for opset in (12, 17):
    write(Attention, "attention", opset, 4)
write(Recurrent, "recurrent", 14, 4)
