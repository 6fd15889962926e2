"""Clients of language models that run elsewhere: a list of chat messages goes in, the text of the answer comes out."""

from curate.llm.chat_client import ChatClient
from curate.llm.http_client import HttpChatClient

__all__ = ["ChatClient", "HttpChatClient"]
