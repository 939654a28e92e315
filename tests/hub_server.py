"""A stand-in for the Hugging Face Hub on loopback: the few endpoints that downloads use."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMITS = {"main": "a" * 40, "refs/convert/parquet": "b" * 40}


class HubServer(ThreadingHTTPServer):
    """Serves datasets: name -> branch -> path -> contents; and models: name -> path -> contents."""

    def __init__(
        self,
        datasets: Mapping[str, Mapping[str, Mapping[str, bytes]]],
        models: Mapping[str, Mapping[str, bytes]],
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.datasets = datasets
        self.models = models
        self.requests: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(
    datasets: Mapping[str, Mapping[str, Mapping[str, bytes]]],
    models: Mapping[str, Mapping[str, bytes]] | None = None,
) -> Iterator[HubServer]:
    with HubServer(datasets, models or {}) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def file_answer(content: bytes, commit: str) -> tuple[int, dict[str, str], bytes]:
    etag = hashlib.sha256(content).hexdigest()
    return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": commit}, content


class Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(f"{self.command} {unquote(path)}")
        status, headers, body = self.find(path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def find(self, path: str) -> tuple[int, dict[str, str], bytes]:
        match path.strip("/").split("/"):
            case ["api", "datasets", owner, name, "revision", revision]:
                return self.describe(f"{owner}/{name}", unquote(revision))
            case ["datasets", owner, name, "resolve", commit, *file]:
                return self.hand_out(f"{owner}/{name}", commit, "/".join(file))
            case [owner, name, "resolve", "main", *file]:
                return self.hand_out_of_model(f"{owner}/{name}", "/".join(file))
        return 404, {}, b""

    def describe(self, name: str, revision: str) -> tuple[int, dict[str, str], bytes]:
        if name not in self.server.datasets:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if revision not in self.server.datasets[name]:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        files = [{"rfilename": path} for path in self.server.datasets[name][revision]]
        info = {"id": name, "sha": COMMITS[revision], "siblings": files}
        return 200, {"Content-Type": "application/json"}, json.dumps(info).encode()

    def hand_out(self, name: str, commit: str, path: str) -> tuple[int, dict[str, str], bytes]:
        branches = self.server.datasets[name]
        (files,) = (branches[branch] for branch in branches if COMMITS[branch] == commit)
        return file_answer(files[path], commit)

    def hand_out_of_model(self, name: str, path: str) -> tuple[int, dict[str, str], bytes]:
        if name not in self.server.models:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if path not in self.server.models[name]:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMITS["main"]}, b""
        return file_answer(self.server.models[name][path], COMMITS["main"])

    def log_message(self, format: str, *args: object) -> None:
        pass
