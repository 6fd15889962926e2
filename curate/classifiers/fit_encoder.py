"""Train the encoder backend: fine-tune a pretrained encoder of transformers, with early stopping."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.classifiers.encoder import need_transformers
from curate.classifiers.examples import Examples
from curate.classifiers.model import pair
from curate.errors import SpecError


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How an encoder is trained.

    Args:
        base: the folder of a pretrained encoder, with its tokenizer and safetensors weights.
        max_tokens: texts are cut off after this many tokens, 1 or more.
        epochs: passes over the training data at most, 1 or more.
        patience: training stops after this many passes without a lower validation loss, 1 or more.
        batch: texts per step, 1 or more.
        learning_rate: the peak of AdamW's, above 0; it rises over the first tenth of the steps and then falls to zero.
    """

    base: str = ""
    max_tokens: int = 512
    epochs: int = 3
    patience: int = 1
    batch: int = 16
    learning_rate: float = 2e-5


def fit(
    train: Examples,
    validation: Examples,
    weights: tuple[float, float],
    settings: EncoderSettings,
    seed: int,
    out: Path,
) -> dict[str, Any]:
    """Fine-tune an encoder and write it to the folder `out`; return the epochs that were chosen, and the validation losses.

    Args:
        weights: of a negative and of a positive text in the loss, above 0.
        seed: of torch and of the order of texts.
        out: a folder; it is created.
    Raises:
        InputError: torch or transformers is not installed.
        SpecError: `settings.base` is not a folder.
    """
    transformers = need_transformers()
    import torch

    if not Path(settings.base).is_dir():
        raise SpecError(f'--base "{settings.base}": expected the folder of a pretrained encoder to start from.')
    torch.manual_seed(seed)
    labels = pair(train.positive)
    options = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = transformers.AutoTokenizer.from_pretrained(settings.base, **options)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(
        settings.base,
        num_labels=2,
        id2label=dict(enumerate(labels)),
        label2id={label: k for k, label in enumerate(labels)},
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        **options,
    )
    tokenizer.model_max_length = min(
        settings.max_tokens, tokenizer.model_max_length, network.config.max_position_embeddings
    )
    run = _Run(network, tokenizer, weights, settings)
    history = run.train(train, validation, np.random.default_rng(seed))
    out.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return history


class _Run:
    """One fine-tuning: the network, its training steps, and its validation loss."""

    def __init__(self, network: Any, tokenizer: Any, weights: tuple[float, float], settings: EncoderSettings):
        import torch

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.network, self.tokenizer, self.settings = network.to(self.device), tokenizer, settings
        self.loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(weights, device=self.device, dtype=torch.float32))

    def train(self, train: Examples, validation: Examples, chance: np.random.Generator) -> dict[str, Any]:
        import torch

        s = self.settings
        steps = s.epochs * -(-len(train) // s.batch)
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=s.learning_rate)
        warm = max(1, steps // 10)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda k: min((k + 1) / warm, max(0.0, (steps - k) / max(1, steps - warm)))
        )
        best, best_epoch, kept, losses = np.inf, 0, None, []
        for epoch in range(1, s.epochs + 1):
            self.network.train()
            order = chance.permutation(len(train))
            for first in range(0, len(order), s.batch):
                self._loss_of(train, order[first : first + s.batch]).backward()
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            losses.append(self._validation_loss(validation))
            if losses[-1] < best:
                best, best_epoch, kept = losses[-1], epoch, copy.deepcopy(self.network.state_dict())
            elif epoch - best_epoch >= s.patience:
                break
        if kept is not None:
            self.network.load_state_dict(kept)
        return {"epochs": best_epoch, "validation losses": [round(loss, 5) for loss in losses]}

    def _validation_loss(self, validation: Examples) -> float:
        import torch

        self.network.eval()
        total = 0.0
        with torch.inference_mode():
            for first in range(0, len(validation), self.settings.batch):
                rows = np.arange(first, min(first + self.settings.batch, len(validation)))
                total += float(self._loss_of(validation, rows)) * len(rows)
        return total / len(validation)

    def _loss_of(self, examples: Examples, rows: np.ndarray) -> Any:
        import torch

        texts = [examples.texts[i] for i in rows]
        entered = self.tokenizer(texts, truncation=True, padding=True, return_tensors="pt").to(self.device)
        truth = torch.tensor(examples.is_positive[rows], device=self.device, dtype=torch.long)
        return self.loss(self.network(**entered).logits, truth)
