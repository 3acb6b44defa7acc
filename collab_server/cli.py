"""The command `collab-server`."""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collab_server import __version__, logs
from collab_server.app import mail_server
from collab_server.commands import copying, users
from collab_server.config import Config, ConfigError, all_settings
from collab_server.config_loading import load
from collab_server.opening import rehearse
from collab_server.process import CANNOT_START, Safeguards, loop_factory, serve
from collab_server.starting import stores
from collab_server.starting.errors import StartError
from collab_server.starting.listening import ALL_ADDRESSES, listen
from crdt.settings import Setting
from handlers.mail.smtp import MailError

_OF_STORES = ("DATA_DIR", "MONGO_URI")
"""Settings that say where the store is, for commands that do not serve."""

_EPILOG = """
first steps:
  collab-server run                      start on http://localhost:5000, data in ./data
  collab-server run --public             for others too: on all addresses of this machine
  collab-server run --port 8080          on another port; every setting is a flag, a variable, or a line in .env
  collab-server copy ./data mongodb://…  move everything to another store
  collab-server check                    is the configuration right, is the store reachable?
  collab-server user reset-password ada  a new password for somebody who forgot theirs

Settings come from flags, then the environment, then the file .env in the current folder.
"""  # noqa: E501  # a table for terminals


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    logs.open_outputs()
    try:
        return _main(arguments)
    finally:
        logs.flush_outputs()


def _main(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    flags = {
        name: value for name, value in vars(options).items() if name.isupper() and value is not None
    }
    try:
        config, warnings = load({**os.environ, **flags}, Path(".env"))
    except ConfigError as error:
        logs.complain(str(error))
        return CANNOT_START
    for warning in warnings:
        logs.complain(f"warning: {warning}")
    if options.command == "copy":
        return asyncio.run(
            copying.run(options.source, options.target, into_existing=options.into_existing)
        )
    if options.command == "check":
        return asyncio.run(_check(config))
    if options.command == "user":
        return asyncio.run(users.reset_password(config, options.name, is_asked=options.ask))
    logs.set_up(config.log_format, config.log_level)
    return _run(config, is_guarded=options.command == "run")


def _run(config: Config, *, is_guarded: bool) -> int:
    """Serve until asked to stop; return the exit code.

    is_guarded  whether to use the safeguards of `collab_server.supervision`
    """
    try:
        new_loop = loop_factory(config)
        sockets = listen(config)
    except (ConfigError, StartError) as error:
        logs.complain(str(error))
        return CANNOT_START
    # A backtrace would take 50 MiB for symbols. It is not needed, because the server catches the
    # panics of pycrdt.
    os.environ["RUST_BACKTRACE"] = "0"
    if is_guarded:
        from collab_server.supervision import safeguards  # noqa: PLC0415  # imported here, because `serve` must not import it

        return safeguards.run(config, sockets, new_loop)
    return serve(config, sockets, new_loop, Safeguards())


async def _check(config: Config) -> int:
    """Print whether a server with this configuration could start; return the exit code.

    This does not disturb a running server.
    """
    try:
        loop_factory(config)
        holder = await rehearse(config)
        await _try_mail(config)
    except (ConfigError, StartError) as error:
        logs.complain(str(error))
        return CANNOT_START
    if config.mongo_uri:
        place, note = f"at {stores.shown(config)}", f" (in use by {holder})" if holder else ""
    else:
        place, note = (
            f"in {stores.sqlite_path(config).parent}",
            " (a server is running on it)" if holder else "",
        )
    is_new = not (config.mongo_uri or stores.sqlite_path(config).exists())
    state = "will be made at the first start" if is_new else "is ready"
    logs.say(f"Configuration is right; the store {place} {state}{note}.")
    return 0


async def _try_mail(config: Config) -> None:
    """Sign in to the mail server of SMTP_URL, if there is one; raises StartError.

    A server starts even if this fails, because nobody needs e-mails to edit.
    """
    try:
        if server := mail_server(config):
            await asyncio.to_thread(server.try_out)
    except MailError as error:
        raise StartError(f"SMTP_URL: the mail server cannot be used: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="collab-server",
        description="A collaborative code editor server: Yjs sync, chat, and versions.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"collab-server {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in (
        ("run", "start the server"),
        ("serve", "start the server without the safeguards of run, for systemd and containers"),
        ("check", "check configuration and store; exit code 2 and one line if something is wrong"),
    ):
        command = commands.add_parser(
            name,
            help=about,
            description=about.capitalize() + ".",
            usage=f"collab-server {name} [SETTING ...]",
        )
        _add_settings(command)
    _add_copy(commands)
    _add_user(commands)
    return parser


def _add_settings(command: argparse.ArgumentParser) -> None:
    host = command.add_mutually_exclusive_group()
    host.add_argument(
        "--public",
        dest="HOST",
        action="store_const",
        const=ALL_ADDRESSES,
        help="let other machines in: the same as --host '*', all addresses of IPv4 and IPv6",
    )
    for setting in all_settings():
        _add_setting(host if setting.variable == "HOST" else command, setting)


def _add_setting(command: "argparse._ActionsContainer", setting: Setting[Any]) -> None:
    command.add_argument(
        "--" + flag_name(setting.variable),
        dest=setting.variable,
        metavar="VALUE",
        help=f"{setting.about}{_default(setting.default)}; {setting.variable}".replace("%", "%%"),
    )


def _add_copy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "copy a whole server's data from one store to another; no server may run on either"
    command = commands.add_parser(
        "copy",
        help=about,
        description=about.capitalize() + ". An interrupted copy continues if you start it again.",
        epilog="example: collab-server copy ./data mongodb://localhost/collab",
    )
    command.add_argument(
        "source", metavar="FROM", help="a data folder, a SQLite file, or a MongoDB URI"
    )
    command.add_argument(
        "target",
        metavar="TO",
        help="a data folder, a SQLite file, or a MongoDB URI; it must be empty",
    )
    command.add_argument(
        "--into-existing",
        action="store_true",
        help="the target may have rows; those with the same keys are replaced, and nothing is "
        "compared at the end",
    )


def _add_user(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "help with an account: reset-password gives it a new password"
    users = commands.add_parser("user", help=about, description=about.capitalize() + ".")
    actions = users.add_subparsers(dest="action", required=True, metavar="ACTION")
    about = "give an account a new password and end all its logins; no server may run meanwhile"
    command = actions.add_parser(
        "reset-password",
        help=about,
        description=about.capitalize() + ". Prints the password, unless you choose it.",
        epilog="example: collab-server user reset-password ada",
    )
    command.add_argument("name", metavar="NAME", help="the user name or the e-mail address")
    command.add_argument(
        "--ask",
        action="store_true",
        help="ask for the password on the terminal, or read a line of standard input",
    )
    for setting in all_settings():
        if setting.variable in _OF_STORES:
            _add_setting(command, setting)


def _default(value: object) -> str:
    return (
        ""
        if value == ""
        else f" (default {value:g})"
        if isinstance(value, float)
        else f" (default {value})"
    )


def flag_name(variable: str) -> str:
    """Return the flag for a variable: --idle-s for COLLAB_IDLE_S."""
    return variable.removeprefix("COLLAB_").lower().replace("_", "-")
