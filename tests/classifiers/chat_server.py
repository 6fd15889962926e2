"""A chat endpoint on loopback that speaks the protocol, and misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str | bytes, dict[str, str]]


class Chat:
    """What it was asked, and where it listens."""

    def __init__(self, answer: Callable[[str, int], str | Answer]):
        self.answer, self.asked, self.headers = answer, [], []
        self.open = self.most_open = 0
        self.lock = threading.Lock()
        self.url = ""


@contextmanager
def serving(answer: Callable[[str, int], str | Answer]) -> Iterator[Chat]:
    """Serve answers: (text, how often it was asked before) -> content, or (status, body, headers)."""
    chat = Chat(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = body["messages"][-1]["content"]
            with chat.lock:
                before = sum(t == text for t in chat.asked)
                chat.asked.append(text)
                chat.headers.append(dict(self.headers))
                chat.open += 1
                chat.most_open = max(chat.most_open, chat.open)
            said = chat.answer(text, before)
            with chat.lock:
                chat.open -= 1
            status, content, headers = (200, said, {}) if isinstance(said, str) else said
            if status == 200 and isinstance(content, str):
                content = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]})
            raw = content.encode() if isinstance(content, str) else content
            self.send_response(status if self.path == "/v1/chat/completions" else 404)
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
