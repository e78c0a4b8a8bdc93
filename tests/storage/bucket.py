"""A bucket on loopback: as much of S3 as storage uses, so that the real boto3 is what is tested."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

Objects = dict[str, bytes]


@contextmanager
def serve_bucket() -> Iterator[tuple[str, Objects]]:
    """Give its address, and what it holds by `/bucket/key`."""
    objects: Objects = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bucket", (BucketHandler,), {"objects": objects}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", objects
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class BucketHandler(BaseHTTPRequestHandler):
    # so that it answers `Expect: 100-continue`: whoever asked would wait a second for it
    protocol_version = "HTTP/1.1"
    objects: Objects

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200)

    def do_GET(self) -> None:
        if "list-type=2" in self.path:
            bucket = urlsplit(self.path).path.rstrip("/") + "/"
            keys = "".join(f"<Contents><Key>{path.removeprefix(bucket)}</Key></Contents>" for path in sorted(self.objects))
            self.answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode())
        else:
            found = self.objects.get(urlsplit(self.path).path)
            self.answer(404 if found is None else 200, found or b"")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
