"""The command line, run beside a node that serves."""

import asyncio

from click.testing import CliRunner, Result

from server.cli import main
from tests.support.nodes import RunningNode


async def operate(node: RunningNode, *words: str, answer: str | None = None) -> Result:
    """Run `tertulia …` on a running node's data folder."""
    settings = node.parts.settings
    environment = {
        "TERTULIA_DATA": str(settings.folder),
        "TERTULIA_BIND": settings.bind,
        "TERTULIA_ORIGIN": settings.origin,
        "TERTULIA_DATABASE_URL": settings.database_url,
        "TERTULIA_FEDERATION": settings.federation,
        "TERTULIA_TLS_CA_FILE": settings.tls_ca_file,
        "TERTULIA_PUBLIC_MEANS": settings.public_means,
        "TERTULIA_LINK_PREVIEWS": settings.link_previews,
        "TERTULIA_ALLOW_PRIVATE_NETWORKS": settings.allow_private_networks,
    }
    return await asyncio.to_thread(
        CliRunner().invoke, main, list(words), input=answer, env=environment
    )


async def done(node: RunningNode, *words: str, answer: str | None = None) -> str:
    """What a command that succeeds prints."""
    result = await operate(node, *words, answer=answer)
    assert (result.exit_code, result.stderr) == (0, ""), f"{words}: {result.output}"
    return result.stdout


async def refused(node: RunningNode, *words: str, answer: str | None = None) -> str:
    """What a command that refuses says."""
    result = await operate(node, *words, answer=answer)
    assert result.exit_code != 0, result.output
    return result.stderr
