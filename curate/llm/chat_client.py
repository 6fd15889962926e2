"""What curate needs of a language model: one method. `HttpChatClient` has it for endpoints that speak OpenAI's protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence


class ChatClient(ABC):
    """A language model that answers chat messages.

    A module of yours adds one: a subclass, and an instance of it in a public variable. `curate classifier label` takes the
    module as `--module` and the client as `--endpoint NAME`. Several threads call it at the same time.

    Args:
        name: what `--endpoint` calls it.
        model: the language model's name; answers of another model are not used again.
    """

    name: str
    model: str

    @abstractmethod
    def complete(self, messages: Sequence[Mapping[str, str]], temperature: float = 0.0) -> str:
        """Return the text of the model's answer.

        Args:
            messages: each with `role` (`system`, `user` or `assistant`) and `content`.
            temperature: of sampling, 0 (the most likely answer) to 2.

        Raises:
            RunError: there is no answer, and another request would not help.
        """
