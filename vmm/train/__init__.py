"""Training of the learned magnification networks. Needs the packages torch, onnx and onnxscript.

| module | contents |
| --- | --- |
| ``networks``, ``architectures`` | the networks, one per file; the configurations in which they are trained |
| ``textures``, ``pairs``, ``dataset`` | synthetic training data: textures, pairs of frames, pairs stored on disk |
| ``differences``, ``losses`` | differences of frames; the losses of the papers, by name |
| ``flow`` | differentiable optical flow |
| ``scenes``, ``outlines``, ``samples``, ``refine`` | scenes with known displacement; training of the refiner on them |
| ``loop``, ``optimizer`` | the training loop for all networks, and its optimizer |
| ``adapt`` | test-time adaptation: training on the clip that is to be magnified, without ground truth |
| ``removal`` | pruning: learning which activations and residual blocks can be removed |
| ``evaluate``, ``calibrate`` | evaluation on held-out photographs; calibration of the magnification factor |
| ``export``, ``restore``, ``convert`` | writing ONNX graphs, reading them back; conversion of published weights |
| ``quantize`` | decoders in 8-bit integers |

Nothing is imported here, so that ``vmm.train`` can be imported without PyTorch.
"""
