"""The command `collab-server user`: changes of accounts by the people who run the server.

Not for: changes that users make by themselves, which are in `handlers.api.account`.
"""

import getpass
import secrets
import sys

from collab_server.config import Config
from collab_server.logs import complain, say
from collab_server.starting.stores import make_store, sqlite_path, variable
from handlers.errors import ApiError
from handlers.security.passwords import Passwords, own_names
from storage.copying import PortableStore
from storage.errors import StoreError
from storage.records import User

FAILED = 2

_NEW_PASSWORD_BYTES = 12
"""Random bytes of a password that the command makes: 16 characters, 96 bits."""


class _Refused(Exception):
    """The command does nothing; the message says why in one line."""


async def reset_password(config: Config, name: str, *, is_asked: bool) -> int:
    """Give an account a new password, end all its logins, and say so. Return the exit code.

    name      a user name or an e-mail address
    is_asked  whether to read the password from the terminal or standard input; otherwise this
              function makes a random one
    """
    try:
        store = _existing_store(config)
        was_clean = await store.open()
        try:
            user = await _named(store, name)
            password = _asked() if is_asked else secrets.token_urlsafe(_NEW_PASSWORD_BYTES)
            ended = await _set(config, store, user, password)
        finally:
            await store.close(is_clean=was_clean)
    except (_Refused, StoreError, OSError) as error:
        complain(_reason(config, error))
        return FAILED
    say(f"The password of {user.username} is changed; logins that ended: {ended}.")
    if not is_asked:
        say(f"New password: {password}")
    return 0


def _existing_store(config: Config) -> PortableStore:
    """Return the store, not open yet; raises _Refused if its SQLite file does not exist."""
    if not config.mongo_uri and not sqlite_path(config).exists():
        raise _Refused(f"DATA_DIR {config.data_dir}: there is no database in it")
    return make_store(config)


async def _named(store: PortableStore, name: str) -> User:
    """Return the account of this name or e-mail address; raises _Refused."""
    user = await store.user_by_name(name)
    if user is None:
        raise _Refused(f"no account has the name or the e-mail address {name!r}; guests have none")
    return user


async def _set(config: Config, store: PortableStore, user: User, password: str) -> int:
    """Store a password; return how many logins ended. Raises _Refused if it breaks the rules."""
    passwords = Passwords(config.bcrypt_cost)
    try:
        passwords.check_rules(password, *own_names(user))
        hashed = await passwords.hash(password, "")
    except ApiError as error:
        raise _Refused(str(error)) from error
    finally:
        passwords.close()
    return len(await store.set_password(user.id, hashed, kept_login=""))


def _asked() -> str:
    """Return the password that somebody types twice, or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("The same again: ") != password:
        raise _Refused("the two passwords differ; nothing was changed")
    return password


def _reason(config: Config, error: Exception) -> str:
    if not isinstance(error, StoreError):
        return str(error)
    place = f"{variable(config)}: " if config.mongo_uri else ""
    advice = "; stop the server for this command" if "in use" in str(error) else ""
    return f"{place}{error}{advice}"
