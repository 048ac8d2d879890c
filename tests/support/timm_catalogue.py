"""What the installed timm says of its classifiers, in the words of `plugins/models/timm_catalogue.tsv`.

`python tests/support/timm_catalogue.py` writes that file anew, after an upgrade of timm.
"""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).parents[2] / "plugins" / "models" / "timm_catalogue.tsv"
HASHED = re.compile(r"-[0-9a-f]{8,64}\.(pth|pt|safetensors|bin)$")


def catalogue() -> str:
    """The whole file, its heading included."""
    import timm
    from timm.models import _registry

    lines = [
        f"# The classifiers of timm {timm.__version__}: an architecture with the tag of its weights, the default one"
        " first; the file of",
        "# the weights (its address, or its name on the hub); side, resizing, fraction, interpolation, mean and"
        " deviation of the",
        "# images that they were trained for; their licence. Nothing here decides the result of a run that its key does"
        " not cover:",
        "# the preprocessing becomes parameters of the data set, and weights count with the bytes of their file.",
    ]
    for architecture in timm.list_models():
        told = _registry._model_default_cfgs[architecture]
        tags = [tag.removesuffix("*") for tag in told.tags]
        for tag in tags:
            config = told.cfgs[tag]
            height, width = config.input_size[1:]
            if config.input_size[0] != 3 or height != width:
                continue
            lines.append(
                "\t".join(
                    (
                        f"{architecture}.{tag}" if tag else architecture,
                        _weights(config, f"{architecture}.{tag}"),
                        str(height),
                        {"squash": "squash"}.get(config.crop_mode, "crop"),
                        f"{config.crop_pct:g}",
                        config.interpolation if config.interpolation in ("bilinear", "bicubic") else "bicubic",
                        " ".join(f"{value!r}" for value in config.mean),
                        " ".join(f"{value!r}" for value in config.std),
                        config.license or "",
                    )
                )
            )
    return "\n".join(lines) + "\n"


def _weights(config: object, name: str) -> str:
    """The address of a file whose name begins its SHA-256, else the repository on the hub, else nothing."""
    url = str(getattr(config, "url", "") or "")
    if HASHED.search(url):
        return url
    hub = str(getattr(config, "hf_hub_id", "") or "")
    if hub:
        return f"hub:{hub}{name}" if hub.endswith("/") else f"hub:{hub}"
    return url


if __name__ == "__main__":
    FILE.write_text(catalogue(), encoding="utf-8")
