"""Two nodes for ComfyUI: one loads a JPEG and restores it, one restores pictures that were JPEG.

Copy this file to ComfyUI's folder custom_nodes, and install the package ddrmjpeg into the same
Python: `pip install target/python/ddrmjpeg-*.whl`. The nodes are in "image/restoration".

A JPEG's levels are lost when ComfyUI's own "Load Image" decodes it, so the node that loads it
itself restores better.
"""

import functools
import os

import ddrmjpeg
import numpy as np

PRESETS = ["fast", "quality", "sample"]
MODELS = ["lean", "nano"]


@functools.lru_cache(maxsize=2)
def _restorer(model):
    return ddrmjpeg.Restorer(model)


def _as_image(pixels):
    """[H, W, 3] or [H, W] in 0..1 as an IMAGE: [1, H, W, 3]."""
    import torch

    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    # What lies beyond black and white has no meaning to other nodes.
    return torch.from_numpy(np.clip(pixels, 0.0, 1.0).astype(np.float32)[None])


def _folder():
    import folder_paths

    return folder_paths.get_input_directory()


class LoadJpegRestored:
    """A JPEG of ComfyUI's input folder, restored from its levels, not rounded to 8 bits."""

    CATEGORY = "image/restoration"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "load"

    @classmethod
    def INPUT_TYPES(cls):
        names = (name for name in os.listdir(_folder()) if name.lower().endswith((".jpg", ".jpeg")))
        return {"required": {"image": (sorted(names),), "preset": (PRESETS,), "model": (MODELS,)}}

    @classmethod
    def IS_CHANGED(cls, image, preset, model):
        return os.path.getmtime(os.path.join(_folder(), image))

    def load(self, image, preset, model):
        path = os.path.join(_folder(), image)
        return (_as_image(_restorer(model).restore(path, dtype="float32", preset=preset)),)


class RestoreJpegPixels:
    """Pictures that were JPEG and were not scaled since; `quality` 0 finds it in the pixels."""

    CATEGORY = "image/restoration"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "restore"

    @classmethod
    def INPUT_TYPES(cls):
        quality = ("INT", {"default": 0, "min": 0, "max": 100})
        return {
            "required": {
                "image": ("IMAGE",),
                "quality": quality,
                "preset": (PRESETS,),
                "model": (MODELS,),
            }
        }

    def restore(self, image, quality, preset, model):
        import torch

        restored = []
        for picture in image:
            levels = np.rint(picture.cpu().numpy() * 255.0).clip(0, 255).astype(np.uint8)
            pixels = _restorer(model).restore(
                levels, quality=quality or None, dtype="float32", preset=preset
            )
            restored.append(_as_image(pixels))
        return (torch.cat(restored),)


NODE_CLASS_MAPPINGS = {
    "LoadJpegRestored": LoadJpegRestored,
    "RestoreJpegPixels": RestoreJpegPixels,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "LoadJpegRestored": "Load JPEG, restored",
    "RestoreJpegPixels": "Restore JPEG pixels",
}
