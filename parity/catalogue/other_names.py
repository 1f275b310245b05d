"""Public names of the frameworks that no rule of a layer calls: what to write instead, or why there is nothing.

With the index of ``docs/layers.md`` they are all names that a framework has; a test holds both against the live ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Said = Mapping[str, tuple[str, ...]]
"""Name → the layers that say it, in order."""


def _alike(layers: Iterable[str], *names: str) -> Said:
    return {name: tuple(layers) for name in names}


def _numbered(pattern: str, layer: str, *dimensions: int) -> Said:
    return {pattern.format(n): (layer.format(n),) for n in dimensions}


SAID: Mapping[str, Said] = {
    "chainer": {
        **_numbered("F.convolution_{}d", "Conv{}D", 1, 2, 3),
        **_numbered("F.deconvolution_{}d", "ConvTranspose{}D", 1, 2, 3),
        **_alike(["Conv1D", "Conv2D", "Conv3D"], "F.convolution_nd"),
        **_alike(["ConvTranspose1D", "ConvTranspose2D", "ConvTranspose3D"], "F.deconvolution_nd"),
        **_alike(["Conv2D"], "F.dilated_convolution_2d", "L.DilatedConvolution2D"),
        **_alike(["DepthwiseConv2D"], "F.depthwise_convolution_2d"),
        **_alike(
            ["BatchNorm"], "F.fixed_batch_normalization", "L.BatchRenormalization", "F.fixed_batch_renormalization"
        ),
        **_alike(["Linear"], "F.linear"),
        **_alike(["Bilinear"], "F.bilinear"),
        **_alike(["Bias"], "F.bias"),
        **_alike(["Scale"], "F.scale"),
        **_alike(["Embedding"], "F.embed_id"),
        **_alike(["Swish"], "F.swish"),
        **_alike(["PReLU"], "F.prelu"),
        **_alike(["Linear", "Maxout"], "L.Maxout"),
        **_alike(["ClippedReLU"], "F.relu6"),
        **_alike(["LeakyReLU"], "F.rrelu"),
        **_alike(["Identity"], "F.copy"),
        **_alike(["LinearInterpolate"], "F.zoneout"),
        **_alike(["Slice"], "F.get_item"),
        **_alike(["Flatten"], "F.flatten"),
        **_alike(["Flip"], "F.fliplr", "F.flipud"),
        **_alike(["Expand"], "F.broadcast"),
        **_alike(["ReduceSum"], "F.sum_to"),
        **_alike(["SquaredError"], "F.squared_difference"),
        **_alike(["ReduceSumSquare"], "F.batch_l2_norm_squared"),
        **_alike(["ReduceMean"], "F.mean"),
        **_alike(["MatMul"], "F.batch_matmul"),
        **_alike(["MaxRoiPool"], "F.roi_pooling_2d"),
        **_alike(["MaxUnpool2D"], "F.upsampling_2d"),
        **_alike(["LSTM"], "F.lstm"),
        **_alike(["NStep"], "F.n_step_lstm", "F.n_step_bilstm", "F.n_step_gru", "F.n_step_bigru", "F.n_step_rnn"),
        **_alike(["NStep"], "F.n_step_birnn"),
        **_alike(["Bidirectional", "NStep"], "L.NStepBiLSTM", "L.NStepBiGRU", "L.NStepBiRNNTanh", "L.NStepBiRNNReLU"),
        **_alike(["RNN", "NStep"], "L.NStepRNNReLU"),
        **_alike(["Conv2D", "ReLU", "MaxPool2D", "Concat"], "L.Inception"),
        **_alike(["Conv2D", "BatchNorm", "ReLU", "MaxPool2D", "AveragePool2D", "Concat"], "L.InceptionBN"),
    },
    "keras": {
        **_numbered("layers.AvgPool{}D", "AveragePool{}D", 1, 2, 3),
        **_numbered("layers.MaxPool{}D", "MaxPool{}D", 1, 2, 3),
        **_numbered("layers.GlobalAvgPool{}D", "GlobalAveragePool", 1, 2, 3),
        **_numbered("layers.GlobalMaxPool{}D", "GlobalMaxPool", 1, 2, 3),
        **_numbered("layers.Convolution{}D", "Conv{}D", 1, 2, 3),
        **_numbered("layers.Convolution{}DTranspose", "ConvTranspose{}D", 1, 2, 3),
        **_numbered("layers.SeparableConvolution{}D", "SeparableConv{}D", 1, 2),
        **_alike(["Bidirectional"], "layers.Bidirectional"),
        **_alike(["Cropping2D"], "layers.CenterCrop"),
        **_alike(["LSTM"], "layers.LSTMCell"),
        **_alike(["GRU"], "layers.GRUCell"),
        **_alike(["RNN"], "layers.SimpleRNNCell", "layers.RNN"),
        **_alike(["NStep"], "layers.StackedRNNCells"),
        **_alike(["LSTM", "GRU", "RNN"], "layers.Masking"),
        **_alike(["EinsumDense", "Repeat", "MatMul", "Softmax"], "layers.GroupQueryAttention"),
        **_alike(["Embedding", "Linear"], "layers.ReversibleEmbedding"),
        **_alike(["ELU"], "activations.elu"),
        **_alike(["Exp"], "activations.exponential"),
        **_alike(["HardSiLU"], "activations.hard_swish"),
        **_alike(["LeakyReLU"], "activations.leaky_relu"),
        **_alike(["Identity"], "activations.linear"),
        **_alike(["ReLU", "ClippedReLU", "LeakyReLU", "ThresholdedReLU"], "activations.relu"),
        **_alike(["ClippedReLU"], "activations.relu6"),
        **_alike(["Softmax"], "activations.softmax"),
        **_alike(["SiLU"], "activations.swish"),
    },
}
"""Dialect → another name, or a network of layers, each with what says it."""

LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "chainer": {
        "a loss or a figure about one, needed while training": (
            "F.accuracy F.bernoulli_nll F.binary_accuracy F.black_out F.classification_summary F.contrastive F.crf1d "
            "F.connectionist_temporal_classification F.cross_covariance F.decov F.f1_score F.gaussian_kl_divergence "
            "F.discriminative_margin_based_clustering_loss F.gaussian_nll F.hinge F.negative_sampling "
            "F.precision F.r2_score F.recall F.triplet L.BinaryHierarchicalSoftmax L.BlackOut L.CRF1d L.Classifier "
            "L.NegativeSampling"
        ),
        "draws random numbers when it runs, so that no two runs are the same": (
            "F.gaussian F.gumbel_softmax F.simplified_dropconnect L.SimplifiedDropconnect"
        ),
        "takes its statistics from the batch; at test time use the form that has them fixed": (
            "F.batch_normalization F.batch_renormalization F.decorrelated_batch_normalization"
        ),
        "whitens by the eigenvectors of a covariance matrix; no counterpart in Keras or ONNX": (
            "F.fixed_decorrelated_batch_normalization L.DecorrelatedBatchNormalization"
        ),
        "linear algebra and special functions that no model in the survey calls": (
            "F.batch_det F.batch_inv F.cholesky F.det F.inv F.digamma F.erfcinv F.erfcx F.fft F.ifft F.lgamma "
            "F.log_ndtr F.ndtr F.ndtri F.polygamma F.zeta F.sparse_matmul F.diagonal"
        ),
        "no counterpart in Keras or ONNX": (
            "F.argmax_crf1d F.as_strided F.deformable_convolution_2d_sampler L.DeformableConvolution2D F.im2col "
            "F.shift L.StatefulZoneoutLSTM F.local_convolution_2d L.LocalConvolution2D F.roi_average_align_2d "
            "F.roi_average_pooling_2d F.scatter_add "
            "F.roi_max_align_2d F.roi_max_pooling_2d F.slstm F.spatial_pyramid_pooling_2d F.spatial_transformer_grid "
            "F.spatial_transformer_sampler F.tree_lstm L.ChildSumTreeLSTM L.NaryTreeLSTM L.StatefulMGU L.StatelessMGU"
        ),
        "joins sequences of different lengths; the input of a case is padded already": "F.pad_sequence",
        "runs code or holds a parameter, and is no operation": "F.forget L.Parameter L.TheanoFunction",
        "a whole network with weights that are fetched; describe its layers": (
            "L.GoogLeNet L.ResNet50Layers L.ResNet101Layers L.ResNet152Layers L.VGG16Layers L.VGG19Layers"
        ),
    },
    "keras": {
        "changes pictures at random, for training": (
            "layers.AugMix layers.CutMix layers.MixUp layers.RandAugment layers.RandomBrightness layers.RandomContrast "
            "layers.RandomColorDegeneration layers.RandomColorJitter layers.RandomCrop layers.RandomElasticTransform "
            "layers.RandomErasing layers.RandomFlip layers.RandomGaussianBlur layers.RandomGrayscale layers.RandomHue "
            "layers.RandomInvert layers.RandomPerspective layers.RandomPosterization layers.RandomRotation "
            "layers.RandomSaturation layers.RandomSharpness layers.RandomShear layers.RandomTranslation "
            "layers.RandomZoom"
        ),
        "prepares pictures, categories, text or sound before a network; no counterpart in Chainer or ONNX": (
            "layers.AutoContrast layers.CategoryEncoding layers.ContrastLimitedAdaptiveHistogramEqualization "
            "layers.Discretization layers.Equalization layers.HashedCrossing layers.Hashing layers.IntegerLookup "
            "layers.MaxNumBoundingBoxes layers.MelSpectrogram layers.STFTSpectrogram layers.Solarization "
            "layers.StringLookup layers.TextVectorization"
        ),
        "no counterpart in Chainer or ONNX": ("layers.ConvLSTM1D layers.ConvLSTM2D layers.ConvLSTM3D"),
        "not what the paper of that name defines; the layer Sparsemax says so": "activations.sparsemax",
        "changes weights while training": "layers.SpectralNormalization",
        "runs code, wraps another layer or describes an input, and is no operation": (
            "layers.Activation layers.FlaxLayer layers.InputLayer layers.InputSpec layers.JaxLayer layers.Lambda "
            "layers.Layer layers.Pipeline layers.TFSMLayer layers.TorchModuleWrapper layers.Wrapper "
            "activations.deserialize activations.get activations.serialize"
        ),
    },
}
"""Dialect → reason → names that have no layer for it, with spaces between."""

FUNCTION_NODES: Said = {
    **{name: (name,) for name in ("ELU", "LeakyReLU", "LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softplus", "Tanh")},
    **{
        name: (name,) for name in ("Cast", "ClippedReLU", "Concat", "Dropout", "Dstack", "HardSigmoid", "Hstack", "Pad")
    },
    **{
        name: (name,)
        for name in ("Moveaxis", "Repeat", "Reshape", "Rollaxis", "SelectItem", "Shape", "Squeeze", "Stack")
    },
    **{
        name: (name,)
        for name in ("Swapaxes", "Tile", "Transpose", "TransposeSequence", "Vstack", "Where", "Unpooling2D")
    },
    **{
        name: (name,)
        for name in ("Add", "AddConstant", "ArgMax", "ArgMin", "Clip", "Cos", "Cosh", "Div", "Exp", "Identity")
    },
    **{
        name: (name,) for name in ("DivFromConstant", "LinearInterpolate", "Log", "MatMul", "Maximum", "Minimum", "Mul")
    },
    **{name: (name,) for name in ("MulConstant", "Neg", "PowConstVar", "PowVarConst", "Sin", "Sinh", "Sqrt", "Square")},
    **{name: (name,) for name in ("Sub", "SubFromConstant", "Tan")},
    **{name: (f"Reduce{name}",) for name in ("Max", "Mean", "Min", "Prod", "Sum")},
    "Absolute": ("Abs",),
    "Arccos": ("Acos",),
    "Arcsin": ("Asin",),
    "Arctan": ("Atan",),
    "AveragePooling2D": ("AveragePool2D",),
    "AveragePoolingND": ("AveragePool1D", "AveragePool3D"),
    "BatchNormalization": ("BatchNorm",),
    "BroadcastTo": ("Expand",),
    "Convolution2DFunction": ("Conv2D",),
    "ConvolutionND": ("Conv1D", "Conv3D"),
    "Copy": ("Identity",),
    "Deconvolution2DFunction": ("ConvTranspose2D",),
    "DeconvolutionND": ("ConvTranspose1D", "ConvTranspose3D"),
    "Depth2Space": ("DepthToSpace",),
    "EmbedIDFunction": ("Embedding",),
    "Erf": ("Erf",),
    "ExpandDims": ("Unsqueeze",),
    "FixedBatchNormalization": ("BatchNorm",),
    "GetItem": ("Slice",),
    "GroupNormalization": ("GroupNorm",),
    "LSTM": ("LSTM",),
    "LayerNormalization": ("LayerNorm",),
    "LinearFunction": ("Linear",),
    "LocalResponseNormalization": ("LocalResponseNorm",),
    "LogSumExp": ("ReduceLogSumExp",),
    "MaxPooling2D": ("MaxPool2D",),
    "MaxPoolingND": ("MaxPool1D", "MaxPool3D"),
    "NormalizeL2": ("LpNormalization",),
    "PReLUFunction": ("PReLU",),
    "Permutate": ("Permutate",),
    "PowVarVar": ("Pow",),
    "ROIPooling2D": ("MaxRoiPool",),
    "ResizeImages": ("Resize",),
    "RsqrtGPU": ("Rsqrt",),
    "Selu": ("SELU",),
    "Separate": ("Unstack",),
    "SoftmaxCrossEntropy": ("SoftmaxCrossEntropy",),
    "Space2Depth": ("SpaceToDepth",),
    "SplitAxis": ("Split",),
    "Upsampling2D": ("MaxUnpool2D",),
    "n_step_gru": ("NStep",),
    "sign": ("Sign",),
}
"""Label of a node in Chainer's graph, as its summaries and onnx-chainer's errors print it → the layers that say it."""


def left_out(dialect: str) -> dict[str, str]:
    """Name → reason."""
    return {name: reason for reason, names in LEFT_OUT.get(dialect, {}).items() for name in names.split()}
