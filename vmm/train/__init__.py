"""Training of the learned magnifiers: the only place that knows PyTorch (``pip install torch onnx onnxscript``).

| part | what it holds |
| --- | --- |
| ``networks``, ``forms`` | the networks, one a file; the forms in which they are trained |
| ``bank``, ``pairs``, ``pool`` | scenes that are made: textures and mattes, pairs of frames, pairs kept on disk |
| ``differences``, ``losses`` | differences of frames; the losses of the papers by their names |
| ``flow`` | dense flow that gradients pass through |
| ``loop``, ``optimizer`` | the one loop for all networks, and its steps |
| ``adapt`` | training on the very clip that is to be magnified, without true frames |
| ``removal`` | learning which activations and blocks a network can do without |
| ``evaluate`` | held-out photographs |
| ``export``, ``restore``, ``convert`` | networks as ONNX graphs, and back; published weights |
| ``quantize`` | decoders in 8 bits |

Nothing is imported here, so that the package is there without PyTorch.
"""
