"""Turns checkpoints of other formats into Hugging Face folders: what an ONNX export, an archive of NumPy's or a pack of
quantised rows holds becomes config.json and model.safetensors, large matrices as float16, the rest as float32.

    convert.py KIND OUTPUT SOURCE...      KIND is one of the functions at the end
"""

import json
import pathlib
import re
import struct
import sys

import numpy

# ONNX (onnx/onnx.proto): TensorProto.DataType, as NumPy calls it, and the field that holds such values when they aren't raw.
ELEMENTS = {1: ("<f4", 4), 2: ("u1", 5), 3: ("i1", 5), 6: ("<i4", 5), 7: ("<i8", 7), 9: ("?", 5)}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """The fields of a protobuf message, by number: integers as such, everything else as bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            length, at = varint(data, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            value, at = data[at : at + length], at + length
        found.setdefault(key >> 3, []).append(value)
    return found


def packed(values):
    """Repeated integers: one by one, or several in a row."""
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            yield number


def tensor(message):
    form, field = ELEMENTS[message[2][0]]
    shape = list(packed(message.get(1, [])))
    if 9 in message:
        return numpy.frombuffer(message[9][0], form).reshape(shape)
    if field == 4:
        return numpy.frombuffer(b"".join(message.get(4, [])), "<f4").reshape(shape)
    signed = [value - (1 << 64) if value >> 63 else value for value in packed(message.get(field, []))]
    return numpy.array(signed, form).reshape(shape)


def graph(path):
    """What an ONNX file stores by name, and its nodes: inputs, outputs, name and kind of each."""
    parts = fields(fields(memoryview(pathlib.Path(path).read_bytes()))[7][0])
    stored = {bytes(message[8][0]).decode(): tensor(message) for message in map(fields, parts[5])}
    text = lambda values: [bytes(value).decode() for value in values]
    return stored, [(text(node.get(1, [])), text(node.get(2, [])), text(node.get(3, [b""]))[0], text(node[4])[0])
                    for node in map(fields, parts[1])]


def onnx(path):
    """The weights of an ONNX file by name, expanded from 8 bits; a linear layer's matrix, `[out, in]`, is named by its bias or
    its node."""
    stored, nodes = graph(path)
    weights = {}
    for name, array in stored.items():
        stem = re.sub(r"_(quantized|q)$", "", name)
        if stem != name:
            zero = stored.get(f"{stem}_zero_point", numpy.zeros((), array.dtype))
            weights[stem] = (array.astype("f4") - zero.astype("f4")) * stored[f"{stem}_scale"]
        elif array.dtype == "f4" and not name.endswith("_scale"):
            weights[name] = array
    biases = {value: name for inputs, _, _, kind in nodes if kind == "Add" for value in inputs
              for name in inputs if name in weights and weights[name].ndim == 1}
    for inputs, outputs, node, kind in nodes:
        if kind not in ("MatMul", "MatMulInteger"):
            continue
        stem = re.sub(r"_(quantized|q|DequantizeLinear_Output)$", "", inputs[1])
        if stem in weights and weights[stem].ndim == 2:
            path = re.sub(r"/MatMul.*", "", node).strip("/").replace("/", ".")
            bias = biases.get(outputs[0], "").removesuffix(".bias")
            weights[(path if "." in path else bias) + ".weight"] = weights.pop(stem).T
    return weights


def renamed(weights, *rules):
    """Each name with every rule applied to it in turn; what then has no name is left out."""
    result = {}
    for name, array in weights.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)
        if name:
            result[name] = array
    return result


def write(folder, config, weights, tokenizer=None):
    header, at, parts = {}, 0, []
    large = sum(array.size for array in weights.values()) > 1 << 20
    for name, array in sorted(weights.items()):
        form, kind = ("<f2", "F16") if large and array.ndim > 1 else ("<f4", "F32")
        part = numpy.ascontiguousarray(array, form).tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [at, at + len(part)]}
        at += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    if tokenizer:
        (folder / "tokenizer.json").write_bytes(tokenizer)
    with open(folder / "model.safetensors.part", "wb") as file:
        file.writelines([struct.pack("<Q", len(text)), text, *parts])
    (folder / "model.safetensors.part").rename(folder / "model.safetensors")


BERT = {"model_type": "bert", "hidden_act": "gelu", "max_position_embeddings": 512, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "pad_token_id": 0}
MINILM = {**BERT, "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
          "intermediate_size": 1536}


def t5(encoder, decoder):
    """Flan-T5 small: two files, and the embedding in both."""
    layers = (r"\.(\d+)\.layer", r".\1.layer")
    weights = renamed(onnx(encoder), (r"^enc\.embed.*", ""), (r"^enc\.", "encoder."), layers)
    weights |= renamed(onnx(decoder), (r"^m\.", ""), layers)
    config = {"model_type": "t5", "vocab_size": 32128, "d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8,
              "num_decoder_layers": 8, "num_heads": 6, "relative_attention_num_buckets": 32,
              "relative_attention_max_distance": 128, "layer_norm_epsilon": 1e-6, "feed_forward_proj": "gated-gelu",
              "tie_word_embeddings": False, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
    return config, weights


def distilbert(path):
    """A tagger on DistilBERT; the tags are left out."""
    config = {"model_type": "distilbert", "vocab_size": 28996, "dim": 768, "n_layers": 6, "n_heads": 12,
              "hidden_dim": 3072, "max_position_embeddings": 512, "activation": "gelu", "pad_token_id": 0}
    return config, renamed(onnx(path), (r"^(?!distilbert\.).*", ""))


def minilm(path):
    """MiniLM in rows of 8 bits."""
    return MINILM, renamed(onnx(path), (r"^(?!inner\.).*", ""), (r"^inner\.", ""))


def keras(path):
    """An encoder after a Keras tutorial that tells which of two vowels an Indonesian e stands for: BERT's layers, without a
    normalisation of the embeddings, a second text or a dense layer before the head. The export folded some of its matrices into
    nameless constants; they belong to the layer whose bias is added to their product."""
    stored, nodes = graph(path)
    named = {re.sub(r"^StatefulPartitionedCall/masked_bert_model/|/ReadVariableOp:0$", "", name): array
             for name, array in stored.items()}
    made = {output: inputs for inputs, outputs, _, _ in nodes for output in outputs}
    used = {value: (outputs[0], node, kind) for inputs, outputs, node, kind in nodes for value in inputs[:1]}
    for inputs, outputs, node, kind in nodes:
        if kind == "Gemm":
            matrix = next(stored[name] for name in (inputs[1], made.get(inputs[1], [""])[0]) if name in stored)
            value = outputs[0]
            while kind != "Add":
                value, node, kind = used[value]
            named[re.sub(r"^StatefulPartitionedCall/masked_bert_model/|/add$", "", node)] = matrix
    weights = {"embeddings.word_embeddings.weight": named["Func/StatefulPartitionedCall/input/_1:0"],
               "embeddings.position_embeddings.weight": named["Func/StatefulPartitionedCall/input/_2:0"],
               "cls.predictions.decoder.weight": named["mlm_cls/Tensordot"].T,
               "cls.predictions.decoder.bias": named["mlm_cls/BiasAdd"]}
    for layer, ffn in enumerate([("dense", "dense_1"), ("dense_2", "dense_3")]):
        here = f"encoder_{layer}/"
        into = lambda name, weight, bias: weights.update({f"encoder.layer.{layer}.{name}.weight": weight,
                                                          f"encoder.layer.{layer}.{name}.bias": bias})
        for part in ("query", "key", "value"):
            name = f"{here}multiheadattention/{part}"
            into(f"attention.self.{part}", named[name].reshape(128, 128), named[f"{name}/add"].reshape(128))
        name = f"{here}multiheadattention/attention_output"
        out = named[f"{name}/einsum/Einsum"].reshape(128, 128).T if f"{name}/einsum/Einsum" in named else named[name].reshape(128, 128)
        into("attention.output.dense", out, named[f"{name}/add"])
        for name, norm in [("attention.output", "att"), ("output", "ffn")]:
            norm = f"{here}{norm}_layernormalization/batchnorm"
            into(f"{name}.LayerNorm", named[f"{norm}/mul"], named[norm])
        for name, dense in zip(["intermediate", "output"], ffn):
            into(f"{name}.dense", named[f"{here}ffn/{dense}/Tensordot"].T, named[f"{here}ffn/{dense}/BiasAdd"])
    config = {**BERT, "vocab_size": 32, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 8,
              "intermediate_size": 128, "hidden_act": "relu", "max_position_embeddings": 32, "layer_norm_eps": 1e-6,
              "tie_word_embeddings": False, "embedding_norm": False, "head_transform": False, "segments": False}
    return config, weights


def bge(path):
    """BGE small for Chinese, whose layers the export gave names of its own."""
    config = {**BERT, "vocab_size": 21128, "hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8,
              "intermediate_size": 2048}
    weights = renamed(
        onnx(path),
        (r"^/.*", ""),
        (r"^\.?model\.", ""),
        (r"^layers\.-1\.embeddings_norm_layernorm", "embeddings.LayerNorm"),
        (r"^layers\.(\d+)", r"encoder.layer.\1"),
        (r"attn\.q_proj", "attention.self.query"),
        (r"attn\.k_proj", "attention.self.key"),
        (r"attn\.v_proj", "attention.self.value"),
        (r"attn\.o_proj", "attention.output.dense"),
        (r"attention_output_norm_layernorm", "attention.output.LayerNorm"),
        (r"mlp\.fc1", "intermediate.dense"),
        (r"mlp\.fc2", "output.dense"),
        (r"mlp_output_norm_layernorm", "output.LayerNorm"),
        (r"\.Add\.bias$", ".bias"),
    )
    return config, weights


def minimind(path):
    """MiniMind 2 small, a LLaMA that writes Chinese; its settings stand in the folder above."""
    config = pathlib.Path(path).parent.with_name("config.json")
    return json.loads(config.read_text()), renamed(onnx(path), (r"^(?!model\.|lm_head).*", ""))


def stories(path):
    """stories15M as NumPy's archive; halves of a head, not neighbours, turn together in a Hugging Face folder."""
    weights = dict(numpy.load(path))
    for name, array in weights.items():
        if re.search("[qk]_proj", name):
            weights[name] = array.reshape(6, 24, 2, 288).swapaxes(1, 2).reshape(288, 288)
    config = {"model_type": "llama", "vocab_size": 32000, "hidden_size": 288, "intermediate_size": 768,
              "num_hidden_layers": 6, "num_attention_heads": 6, "num_key_value_heads": 6, "hidden_act": "silu",
              "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "bos_token_id": 1,
              "eos_token_id": 2, "tie_word_embeddings": False}
    return config, weights


def granite(path):
    """Granite's small embedding model, a RoBERTa: a header, the tokenizer, then tensors without padding between them, of 8 bits
    in rows with a scale for each 64."""
    data = pathlib.Path(path).read_bytes()
    at = 16 + struct.unpack_from("<Q", data, 8)[0]
    header = json.loads(data[16:at])
    arch = header["arch"]
    tokenizer, at = data[at : at + header["tokenizer_len"]], at + header["tokenizer_len"]
    weights = {}
    for item in header["tensors"]:
        shape, part = item["shape"], data[at : at + item["len"]]
        at += item["len"]
        if item["dtype"] == "f32":
            weights[item["name"]] = numpy.frombuffer(part, "<f4").reshape(shape)
            continue
        rows = numpy.frombuffer(part, "i1", shape[0] * shape[1]).reshape(shape[0], -1, item["group"])
        scales = numpy.frombuffer(part, "<f4", offset=rows.size).reshape(shape[0], -1, 1)
        weights[item["name"]] = (rows.astype("f4") * scales).reshape(shape)
    for name in [name for name in weights if ".qkv." in name]:
        for kind, third in zip(["query", "key", "value"], numpy.split(weights.pop(name), 3)):
            weights[name.replace("qkv", f"attention.self.{kind}")] = third
    weights = renamed(
        weights,
        (r"\.w$", ".weight"),
        (r"\.b$", ".bias"),
        (r"^word_emb", "embeddings.word_embeddings.weight"),
        (r"^pos_emb", "embeddings.position_embeddings.weight"),
        (r"^type_emb", "embeddings.token_type_embeddings.weight"),
        (r"^emb_ln", "embeddings.LayerNorm"),
        (r"^l(\d+)", r"encoder.layer.\1"),
        (r"\.ao\.", ".attention.output.dense."),
        (r"\.aln\.", ".attention.output.LayerNorm."),
        (r"\.f1\.", ".intermediate.dense."),
        (r"\.f2\.", ".output.dense."),
        (r"\.fln\.", ".output.LayerNorm."),
    )
    config = {"model_type": "roberta", "vocab_size": arch["vocab"], "hidden_size": arch["hidden"],
              "num_hidden_layers": arch["layers"], "num_attention_heads": arch["heads"],
              "intermediate_size": arch["intermediate"], "hidden_act": "gelu",
              "max_position_embeddings": arch["max_positions"], "type_vocab_size": arch["type_vocab"],
              "layer_norm_eps": arch["layer_norm_eps"], "pad_token_id": arch["position_offset"] - 1,
              "bos_token_id": 0, "eos_token_id": 2}
    return config, weights, tokenizer


if __name__ == "__main__":
    kinds = {kind.__name__: kind for kind in (t5, distilbert, minilm, keras, bge, minimind, stories, granite)}
    write(pathlib.Path(sys.argv[2]), *kinds[sys.argv[1]](*sys.argv[3:]))
