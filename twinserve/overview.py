"""What stands before a command: ``twinserve --help``, the version, a name that is no command."""

from collections.abc import Sequence

import click

from twinserve import __version__
from twinserve.commands import COMMANDS, PROGRAM, SECTIONS


class Sections(click.Group):
    """All commands, listed by section."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command as click completes it; its module knows its options."""
        return (
            click.Command(cmd_name, help=COMMANDS[cmd_name].help) if cmd_name in COMMANDS else None
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """A list a section, all in the same columns."""
        width = max(map(len, COMMANDS))
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name.ljust(width), command.help) for name, command in commands.items()]
                )


@click.group(cls=Sections, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
def overview() -> None:
    """One scikit-learn model, two HTTPS endpoints, measured on every push.

    `twinserve COMMAND --help` lists a command's options.
    """


def show(words: Sequence[str]) -> int:
    """Answer whatever is no command; the exit code."""
    try:
        code: int | None = overview.main(list(words), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code or 0
