"""Draws pictures with diffusers' VQDiffusionPipeline, and writes down all that compare.mjs needs to draw them again.

  python3 draw.py FOLDER OUT --prompt 'a red heart' [--prompt …] [--steps 10] [--guidance 5] [--truncation 0.9] [--seed 1]

OUT/drawn.json has the versions, the call, the token ids of the prompts, and of each array its file and shape: `noise` [steps − 1, B, classes, N]
and `last_noise` [B, classes − 1, N], the uniform numbers that were drawn; `tokens` [steps, B, N] after every step; `gaps` [steps, B, N], by
how much each token won; `image` [B, height, width, 3] in 0…1. All are little-endian, tokens uint32, the others float32.
"""
import argparse
import importlib
import json
import shutil
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers


def pipeline_module():
    """VQ-Diffusion has been deprecated, and has moved, since diffusers 0.25."""
    for place in ("diffusers.pipelines.deprecated.vq_diffusion", "diffusers.pipelines.vq_diffusion"):
        try:
            return importlib.import_module(f"{place}.pipeline_vq_diffusion")
        except ModuleNotFoundError:
            pass
    raise SystemExit(f"diffusers {diffusers.__version__} has no VQDiffusionPipeline any more: install the versions of requirements.txt.")


def variant_of(folder):
    """The variant of the files of weights ("fp16"), if there are none without."""
    variants = {name.split(".")[1] if name.count(".") > 1 else None for name in (p.name for p in folder.glob("transformer/*model*.*")) if "index" not in name}
    return None if None in variants or not variants else variants.pop()


def open_transformer(folder, options):
    """Files of 2022 have no norm_type, which diffusers looks for since 0.26."""
    with tempfile.TemporaryDirectory() as work:
        copy = shutil.copytree(folder / "transformer", Path(work) / "transformer", copy_function=lambda a, b: Path(b).symlink_to(Path(a).resolve()))
        config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
        (copy / "config.json").unlink()
        (copy / "config.json").write_text(json.dumps({"norm_type": "ada_norm", **config}), encoding="utf-8")
        return diffusers.Transformer2DModel.from_pretrained(str(copy), **options)


def open_pipeline(folder):
    """
    The folder by its parts: model_index.json names modules that diffusers cannot find any more ("vq_diffusion"), or never could
    (LearnedClassifierFreeSamplingEmbeddings of "diffusers").
    """
    module = pipeline_module()
    options = {"variant": variant_of(folder)} if variant_of(folder) else {}
    part = lambda cls, name: cls.from_pretrained(str(folder / name), **options)
    learned = "learned_classifier_free_sampling_embeddings"
    pipe = module.VQDiffusionPipeline(
        transformer=open_transformer(folder, options).float().eval(),
        vqvae=part(diffusers.VQModel, "vqvae").float().eval(),
        text_encoder=part(transformers.CLIPTextModel, "text_encoder").float().eval(),
        tokenizer=transformers.CLIPTokenizer.from_pretrained(str(folder / "tokenizer")),
        scheduler=diffusers.VQDiffusionScheduler.from_pretrained(str(folder / "scheduler")),
        learned_classifier_free_sampling_embeddings=part(module.LearnedClassifierFreeSamplingEmbeddings, learned).float(),
    )
    pipe.set_progress_bar_config(disable=None)
    return pipe


def draw(pipe, options):
    """A call of the pipeline, with the uniform numbers of a generator of numpy in place of torch.rand's, written down."""
    generator = np.random.default_rng(options.seed)
    noise, tokens, gaps, plain_rand, plain_step = [], [], [], torch.rand, pipe.scheduler.step

    def rand(*size, **_):
        noise.append(torch.from_numpy(generator.random(tuple(size[0]) if len(size) == 1 else size, dtype="float32")))
        return noise[-1]

    def step(model_output, timestep, sample, **more):
        out = plain_step(model_output, timestep=timestep, sample=sample, **more)
        scores = model_output if timestep == 0 else pipe.scheduler.q_posterior(model_output, sample, timestep)
        best = (scores - torch.log(-torch.log(noise[-1] + 1e-30) + 1e-30)).topk(2, dim=1).values
        gaps.append(best[:, 0] - best[:, 1])
        tokens.append(out.prev_sample.clone())
        return out

    torch.rand, pipe.scheduler.step = rand, step
    try:
        image = pipe(options.prompt, num_inference_steps=options.steps, guidance_scale=options.guidance, truncation_rate=options.truncation, output_type="np").images
    finally:
        torch.rand = plain_rand
        del pipe.scheduler.step
    B, K, N = noise[-1].shape
    return {"noise": torch.cat(noise[:-1] or [torch.empty(0)]).reshape(-1, B, K + 1, N), "last_noise": noise[-1], "tokens": torch.stack(tokens), "gaps": torch.stack(gaps), "image": image}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--prompt", action="append", required=True)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=5)
    parser.add_argument("--truncation", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_grad_enabled(False)
    pipe = open_pipeline(options.folder)
    most = pipe.transformer.config.num_embeds_ada_norm
    if options.steps > most:
        raise SystemExit(f"{options.steps} steps are more than the model's {most} timesteps: give --steps {most} or fewer.")
    length = pipe.tokenizer.model_max_length
    ids = [pipe.tokenizer(prompt, padding="max_length", max_length=length).input_ids[:length] for prompt in options.prompt]
    options.out.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for name, values in draw(pipe, options).items():
        values = np.ascontiguousarray(values).astype("<u4" if name == "tokens" else "<f4")
        (options.out / f"{name}.bin").write_bytes(values.tobytes())
        arrays[name] = {"file": f"{name}.bin", "shape": list(values.shape)}
    versions = {"diffusers": diffusers.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
    call = {"prompts": options.prompt, "steps": options.steps, "guidance": options.guidance, "truncation": options.truncation}
    (options.out / "drawn.json").write_text(json.dumps({"versions": versions, **call, "ids": ids, "arrays": arrays}), encoding="utf-8")


if __name__ == "__main__":
    main()
