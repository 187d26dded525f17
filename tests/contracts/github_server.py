"""GitHub Models: as it was while it ran, as it announced its end, and as it answers since 2026-07-30."""

from __future__ import annotations

import argparse

from tests.contracts.http import Reply, Request, Step
from tests.contracts.openai_server import OpenAIServer, openai_error, refuse

SUNSET = "Thu, 30 Jul 2026 00:00:00 GMT"
MODELS = ("microsoft/Phi-3.5-mini-instruct", "openai/gpt-4.1")


class GitHubModelsServer(OpenAIServer):
    """`retired` answers 410 to everything, as the real one does now."""

    prefix = "/inference"

    def __init__(self, port: int = 0, *, key: str = "github_pat_test", retired: bool = False) -> None:
        super().__init__(port, key=key, models=MODELS)
        self.retired = retired

    async def handle(self, request: Request, reply: Reply) -> None:
        if self.retired:
            await gone()(request, reply)
        elif request.path == "/catalog/models":
            reply.send_json(200, [{"id": name, "publisher": name.split("/")[0]} for name in self.models])
        elif request.headers.get("x-github-api-version") is None:
            reply.send_json(400, openai_error("The X-GitHub-Api-Version header is missing."))
        else:
            await super().handle(request, reply)


def gone() -> Step:
    return refuse(410, {"message": "GitHub Models has been retired.", "documentation_url": "https://docs.github.com"})


def sunset() -> Step:
    """The weeks before the end: a refusal that says when."""
    return refuse(403, {"message": "Brownout"}, {"Sunset": SUNSET, "Deprecation": "@1782864000"})


def rate_limited(*, retry_after_s: int = 24367, limit: str = "UserByModelByDay") -> Step:
    body = openai_error(
        f"Rate limit of 150 per 86400s exceeded for {limit}. Please wait {retry_after_s} seconds before retrying.",
        code="RateLimitReached",
    )
    return refuse(429, body, {"Retry-After": str(retry_after_s), "x-ratelimit-type": limit})


def too_large() -> Step:
    message = "Request body too large for phi-3.5-mini model. Max size: 8000 tokens."
    return refuse(413, openai_error(message, code="tokens_limit_reached"))


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for GitHub Models.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="", help="the only token it accepts; without one it accepts any")
    parser.add_argument("--retired", action="store_true", help="answer 410, as the real one does now")
    arguments = parser.parse_args()
    GitHubModelsServer(arguments.port, key=arguments.key, retired=arguments.retired).serve()


if __name__ == "__main__":
    main()
