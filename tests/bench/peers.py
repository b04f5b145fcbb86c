"""PyTorch and NumPy, for `npm run bench -- native`; on one thread, or as many as THREADS says.

Optional: needs `pip install torch numpy`. Started by suites/native.mjs, with which it exchanges one
JSON object a line: {"call": METHOD, "args": [...]} in, {"ok": RESULT} or {"error": TEXT} out.
METHOD is one of those of the browser's page (page/page.mjs): load, open, state, warm, measure, close.
Set-ups and states travel as the packed files of lib/pack.mjs. Nothing is drawn inside a step.
Run by hand, `python3 tests/bench/peers.py` names the versions it would use.
"""

import os

# Before any library makes its pool of threads.
THREADS = int(os.environ.get("THREADS", "1"))
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import json  # noqa: E402
import struct  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from types import SimpleNamespace  # noqa: E402

import numpy as np  # noqa: E402

try:
    import torch

    torch.set_num_threads(THREADS)
    torch.set_num_interop_threads(1)
except ImportError:
    torch = None


def unpack(path):
    """The object of a packed file; arrays are float32 views."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<I", data)
    floats = np.frombuffer(data, "<f4", offset=4 + length)

    def restore(value):
        if set(value) == {"f32"}:
            start, count = value["f32"]
            return floats[start : start + count].copy()
        return value

    return json.loads(data[4 : 4 + length], object_hook=restore)


def pack(path, lists):
    """Write {"w": [array or None, ...], ...} as lib/pack.mjs reads it."""
    offset, header, chunks = 0, {}, []
    for key, arrays in lists.items():
        header[key] = []
        for a in arrays:
            if a is None:
                header[key].append(None)
                continue
            flat = np.ascontiguousarray(a, "<f4").ravel()
            header[key].append({"f32": [offset, flat.size]})
            chunks.append(flat)
            offset += flat.size
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 4)
    with open(path, "wb") as file:
        file.write(struct.pack("<I", len(head)) + head)
        for chunk in chunks:
            file.write(chunk.tobytes())


def start(setup, convert):
    """The set-up's arrays in their shapes, through `convert`; W and B as (n_out, n_in)."""
    s = SimpleNamespace(**setup)
    n, T = s.sizes, s.batch
    shaped = lambda a, *shape: None if a is None else convert(a.reshape(shape))  # noqa: E731
    s.w = [shaped(a, n[l + 1], n[l]) for l, a in enumerate(s.w)]
    s.b = [convert(a) for a in s.b]
    s.fb = [shaped(a, n[l + 1], n[l]) for l, a in enumerate(s.fb)]
    s.batches = [(shaped(p["x"], T, n[0]), shaped(p["y"], T, n[-1])) for p in s.batches]
    s.noise = [[shaped(a, T, n[l + 1]) for l, a in enumerate(xi or [])] for xi in s.noise]
    s.L = len(s.activations)
    return s


def torch_autograd(setup):
    """BP by loss.backward() and torch.optim.SGD; NP by a Function whose backward sends the error
    through B and regresses B on lambda_hat."""
    s = start(setup, torch.from_numpy)
    act = {"identity": lambda z: z, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu}
    for p in [*s.w, *s.b, *[f for f in s.fb if f is not None]]:
        p.requires_grad_()
    groups = [{"params": [*s.w, *s.b], "lr": s.eta_w}]
    if s.rule == "np":
        groups.append({"params": s.fb[1:], "lr": s.eta_b})
    optimizer = torch.optim.SGD(groups)
    dense = torch.nn.functional.linear

    class Feedback(torch.autograd.Function):
        """z = h W' + b whose adjoint is B; `lambda_hat` is filled in before backward()."""

        @staticmethod
        def forward(ctx, h, w, b, fb, lambda_hat):
            ctx.save_for_backward(h, fb)
            ctx.lambda_hat = lambda_hat
            return dense(h, w, b)

        @staticmethod
        def backward(ctx, e):
            h, fb = ctx.saved_tensors
            lam = e @ fb
            return lam, e.T @ h, e.sum(0), e.T @ (lam - ctx.lambda_hat[0]), None

    def bp(k):
        x, y = s.batches[k % len(s.batches)]
        h = x
        for l in range(s.L):
            h = act[s.activations[l]](dense(h, s.w[l], s.b[l]))
        optimizer.zero_grad()
        (0.5 * (h - y).square().sum()).backward()
        optimizer.step()

    def np_step(k):
        x, y = s.batches[k % len(s.batches)]
        xi = s.noise[k % len(s.noise)]
        lambda_hat = [[None] for _ in range(s.L)]
        clean = x
        for l in range(s.L):
            z = (
                dense(clean, s.w[0], s.b[0])
                if l == 0
                else Feedback.apply(clean, s.w[l], s.b[l], s.fb[l], lambda_hat[l])
            )
            clean = act[s.activations[l]](z)
            if l == 0:
                first = clean
        with torch.no_grad():
            noisy = first + s.c_h * xi[0]
            for l in range(1, s.L):
                noisy = act[s.activations[l]](dense(noisy, s.w[l], s.b[l]))
                if l < s.L - 1:
                    noisy = noisy + s.c_h * xi[l]
            d = noisy - clean
            change = (0.5 / s.c_h) * (d * (d + 2 * (clean - y))).sum(1, keepdim=True)
            for l in range(1, s.L):
                lambda_hat[l][0] = change * xi[l - 1]
        optimizer.zero_grad()
        (0.5 * (clean - y).square().sum()).backward()
        optimizer.step()

    detach = lambda v: None if v is None else v.detach().numpy()  # noqa: E731
    return bp if s.rule == "bp" else np_step, s, detach


def torch_cnn(setup, memory_format=None):
    """The convolutional step of lib/cnn.mjs by loss.backward() and torch.optim.Adam (fused)."""
    s = SimpleNamespace(**setup)
    T, (rows, cols, channels) = s.batch, s.image
    tensor = torch.from_numpy
    form = memory_format or torch.contiguous_format
    functional = torch.nn.functional

    def weights(a, layer):
        k = layer.get("kernel")
        if not k:
            return tensor(a.reshape(layer["units"], layer["inputs"]))
        filters = tensor(a.reshape(layer["units"], k, k, layer["below"])).permute(0, 3, 1, 2)
        return filters.contiguous(memory_format=form)

    s.w = [weights(a, layer).requires_grad_() for a, layer in zip(s.w, s.layers)]
    s.b = [tensor(a).requires_grad_() for a in s.b]
    # What is learned from the pixels of the last convolution is ordered as those are: (rows, columns, channels).
    images = [tensor(p["x"].reshape(T, rows, cols, channels)).permute(0, 3, 1, 2) for p in s.batches]
    images = [x.contiguous(memory_format=form) for x in images]
    labels = [tensor(p["y"].reshape(T, -1)).argmax(1) for p in s.batches]
    masks = [[None if m is None else tensor(m.reshape(T, -1)) for m in each] for each in s.masks]
    optimizer = torch.optim.Adam([*s.w, *s.b], s.eta_w, fused=True)

    def step(at):
        at %= len(images)
        h = images[at]
        for l, layer in enumerate(s.layers):
            if layer.get("kernel"):
                h = functional.conv2d(h, s.w[l], s.b[l], padding=layer["kernel"] // 2).relu()
                # Windows begin at even places and reach over the last edge only.
                h = functional.max_pool2d(h, 3, 2, ceil_mode=True)
                continue
            if h.dim() == 4:
                h = h.permute(0, 2, 3, 1).reshape(T, -1)
            h = functional.linear(h, s.w[l], s.b[l])
            if l < len(s.layers) - 1:
                h = h.relu() * masks[at][l]
        optimizer.zero_grad()
        functional.cross_entropy(h, labels[at], reduction="sum").backward()
        optimizer.step()

    def read(v):
        if v is None:
            return None
        v = v.detach()
        return (v.permute(0, 2, 3, 1) if v.dim() == 4 else v).numpy()

    return step, s, read


def torch_cnn_last(setup):
    """The same with activity as (samples, rows, columns, channels) in memory."""
    return torch_cnn(setup, torch.channels_last)


def torch_manual(setup):
    """Gradients written out, in place, without autograd: addmm_ does update and product in one."""
    s = start(setup, torch.from_numpy)
    act = {"identity": lambda z: z, "tanh": torch.tanh_, "sigmoid": torch.sigmoid_, "relu": torch.relu_}
    slope = {
        "identity": lambda h, lam: lam,
        "tanh": lambda h, lam: torch.ops.aten.tanh_backward(lam, h),
        "sigmoid": lambda h, lam: torch.ops.aten.sigmoid_backward(lam, h),
        "relu": lambda h, lam: torch.ops.aten.threshold_backward(lam, h, 0),
    }

    def layer(h, l):
        return act[s.activations[l]](torch.addmm(s.b[l], h, s.w[l].T))

    def step(k):
        x, y = s.batches[k % len(s.batches)]
        h = [x]
        for l in range(s.L):
            h.append(layer(h[l], l))
        miss = h[s.L] - y
        if s.rule == "np":
            xi = s.noise[k % len(s.noise)]
            noisy = torch.add(h[1], xi[0], alpha=s.c_h)
            for l in range(1, s.L):
                noisy = layer(noisy, l)
                if l < s.L - 1:
                    noisy.add_(xi[l], alpha=s.c_h)
            d = noisy.sub_(h[s.L])
            change = (torch.add(d, miss, alpha=2).mul_(d)).sum(1, keepdim=True).mul_(0.5 / s.c_h)
        e = slope[s.activations[-1]](h[s.L], miss)
        for l in reversed(range(s.L)):
            below = None
            if l > 0:
                lam = e @ (s.fb[l] if s.rule == "np" else s.w[l])
                below = slope[s.activations[l - 1]](h[l], lam)
                if s.rule == "np":
                    s.fb[l].addmm_(e.T, torch.addcmul(lam, change, xi[l - 1], value=-1), alpha=-s.eta_b)
            s.w[l].addmm_(e.T, h[l], alpha=-s.eta_w)
            s.b[l].sub_(e.sum(0), alpha=s.eta_w)
            e = below

    def guarded(k):
        with torch.inference_mode():
            step(k)

    return guarded, s, lambda v: None if v is None else v.numpy()


def numpy_manual(setup):
    """Gradients written out in NumPy."""
    s = start(setup, lambda a: a)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    act = {"identity": lambda z: z, "tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda z: np.maximum(z, 0)}
    slope = {
        "identity": lambda h, lam: lam,
        "tanh": lambda h, lam: lam * (1 - h * h),
        "sigmoid": lambda h, lam: lam * (h * (1 - h)),
        "relu": lambda h, lam: lam * (h > 0),
    }

    def layer(h, l):
        z = h @ s.w[l].T
        z += s.b[l]
        return act[s.activations[l]](z)

    def step(k):
        x, y = s.batches[k % len(s.batches)]
        h = [x]
        for l in range(s.L):
            h.append(layer(h[l], l))
        miss = h[s.L] - y
        if s.rule == "np":
            xi = s.noise[k % len(s.noise)]
            noisy = h[1] + s.c_h * xi[0]
            for l in range(1, s.L):
                noisy = layer(noisy, l)
                if l < s.L - 1:
                    noisy += s.c_h * xi[l]
            noisy -= h[s.L]
            change = (0.5 / s.c_h) * (noisy * (noisy + 2 * miss)).sum(1, keepdims=True)
        e = slope[s.activations[-1]](h[s.L], miss)
        for l in reversed(range(s.L)):
            below = None
            if l > 0:
                lam = e @ (s.fb[l] if s.rule == "np" else s.w[l])
                below = slope[s.activations[l - 1]](h[l], lam)
                if s.rule == "np":
                    s.fb[l] -= (s.eta_b * e).T @ (lam - change * xi[l - 1])
            scaled = s.eta_w * e
            s.w[l] -= scaled.T @ h[l]
            s.b[l] -= scaled.sum(0)
            e = below

    return step, s, lambda v: v


# Title, maker of the step, the cases' kinds (lib/cases.mjs).
CONTENDERS = {"numpy": ("NumPy", numpy_manual, ["bp", "np"])}
if torch is not None:
    CONTENDERS["torch-autograd"] = ("PyTorch, autograd", torch_autograd, ["bp", "np"])
    CONTENDERS["torch-manual"] = ("PyTorch, tuned by hand", torch_manual, ["bp", "np"])
    CONTENDERS["torch-cnn"] = ("PyTorch, channels first", torch_cnn, ["cnn-bp"])
    CONTENDERS["torch-cnn-last"] = ("PyTorch, channels last", torch_cnn_last, ["cnn-bp"])


class Session:
    """As the page's Session."""

    def __init__(self, contender, path):
        self.step, self.start, self.read = CONTENDERS[contender][1](unpack(path))
        self.done = 0

    def run(self, steps):
        for _ in range(steps):
            self.step(self.done)
            self.done += 1

    def time(self, steps):
        began = time.perf_counter()
        self.run(steps)
        return 1000 * (time.perf_counter() - began)


SESSIONS = {}


def load():
    versions = {"numpy": np.__version__}
    if torch is not None:
        versions["torch"] = torch.__version__
    return [
        {"id": key, "title": title, "version": versions[key.split("-")[0]], "rules": kinds}
        for key, (title, _, kinds) in CONTENDERS.items()
    ]


def open_session(contender, case, path):
    SESSIONS[contender, case] = Session(contender, path)


def state(contender, case, steps, path):
    session = SESSIONS[contender, case]
    session.run(steps)
    lists = {key: [session.read(a) for a in getattr(session.start, key)] for key in ("w", "b", "fb")}
    pack(path, lists)


def warm(contender, case, ms, window, least=1):
    session = SESSIONS[contender, case]
    began, steps, took = time.perf_counter(), 1, 0.0
    while 1000 * (time.perf_counter() - began) < ms or took < ms / 8:
        took = session.time(steps)
        if took < ms / 8:
            steps *= 2
    return max(least, round(steps * window / took))


def measure(contender, case, steps):
    return 1000 * steps / SESSIONS[contender, case].time(steps)


def close(contender, case):
    del SESSIONS[contender, case]


CALLS = {
    "load": load,
    "open": open_session,
    "state": state,
    "warm": warm,
    "measure": measure,
    "close": close,
}


def main():
    if sys.stdin.isatty():
        print(json.dumps(load()))
        return
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": CALLS[request["call"]](*request["args"])}
        except Exception as error:  # Told to the other side, which decides.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
