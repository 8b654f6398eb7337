"""Encryption at rest: files of people sealed with age, opened for as long as they are read and no longer.

A place names the public keys that its files are sealed to, and keeps the private key out of the workspace:
only the environment of what reads the records holds it. A provider can seal an extract to the same public key
before sending it. The format is that of age (https://age-encryption.org/v1): any program that knows it opens
what is sealed here, with or without Evenground.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from evenground.errors import Fault, WorkspaceError

if TYPE_CHECKING:
    from pyrage import x25519

SUFFIX: Final = ".age"
"""What the name of a sealed file ends with."""

IDENTITY_VARIABLE: Final = "EVENGROUND_IDENTITY"
"""The environment variable of the private key: the key itself, or the path of a file of keys."""

_SECRET: Final = "AGE-SECRET-KEY-"  # noqa: S105 - what a key begins with
_NOT_HERE: Final = frozenset({"releases", "definitions", "agreements"})
_OPENED: Final = "opened"
_MAKE_ONE: Final = "Make a pair of keys with 'evenground data key', outside the workspace."


def require_age() -> None:
    """Stop where the library that knows age is not installed.

    Raises
    ------
    WorkspaceError
        Which names the extra that brings it.
    """
    if importlib.util.find_spec("pyrage") is None:
        hint = "Install it with: pip install 'evenground[sealing]'"
        raise WorkspaceError(
            "Sealed files can be neither made nor read.", [Fault("pyrage", "is not installed.", hint)]
        )


def write_identity(path: Path) -> str:
    """Make a pair of keys, write the private one to a new file of mode 0600, and give the public one.

    Raises
    ------
    WorkspaceError
        Where the file is there already, or its folder is not.
    """
    require_age()
    from pyrage import x25519

    made = x25519.Identity.generate()
    public = str(made.to_public())
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        fault = Fault(
            str(path), "is there already, and may be the only key to sealed files.", "Name a new file."
        )
        raise WorkspaceError("No key was made.", [fault]) from None
    except OSError as error:
        fault = Fault(
            str(path), f"cannot be written: {error.strerror}.", "Name a file in a folder that is there."
        )
        raise WorkspaceError("No key was made.", [fault]) from None
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(f"# public key: {public}\n{made}\n")
    return public


def read_identities() -> list[x25519.Identity]:
    """The private keys that the environment gives.

    Raises
    ------
    WorkspaceError
        Where there is none, or it is no key of age. What the variable holds is never told.
    """
    require_age()
    from pyrage import IdentityError, x25519

    where = f"The environment variable {IDENTITY_VARIABLE}"
    given = os.environ.get(IDENTITY_VARIABLE, "").strip()
    if not given:
        hint = f"Set it to the private key, or to the path of its file. {_MAKE_ONE}"
        raise WorkspaceError("Sealed files cannot be opened.", [Fault(where, "is not set.", hint)])
    if not given.startswith(_SECRET):
        try:
            given = Path(given).read_text(encoding="ascii")
        except (OSError, ValueError):
            what = "holds neither a private key of age nor the path of a readable file of keys."
            raise WorkspaceError("Sealed files cannot be opened.", [Fault(where, what, _MAKE_ONE)]) from None
    keys = [line.strip() for line in given.splitlines() if line.strip() and not line.startswith("#")]
    try:
        found = [x25519.Identity.from_str(key) for key in keys]
    except IdentityError:
        found = []
    if not found:
        what = f"leads to something else than private keys of age, each a line that begins with {_SECRET}."
        raise WorkspaceError("Sealed files cannot be opened.", [Fault(where, what, _MAKE_ONE)])
    return found


def read_recipients(texts: Sequence[str]) -> list[x25519.Recipient]:
    """The public keys that a place's files are sealed to; none where the place seals nothing.

    Raises
    ------
    WorkspaceError
        Which names every one that is none.
    """
    if not texts:
        return []
    require_age()
    from pyrage import RecipientError, x25519

    recipients, faults = [], []
    for number, text in enumerate(texts, start=1):
        try:
            recipients.append(x25519.Recipient.from_str(text))
        except RecipientError:
            where = f"place.toml, secure.recipients[{number}]"
            # A private key put here by mistake must not be shown.
            told = "is a private key." if text.upper().startswith(_SECRET) else f'is "{text[:80]}".'
            faults.append(Fault(where, f"{told} A public key of age begins with age1.", _MAKE_ONE))
    if faults:
        raise WorkspaceError("The public keys cannot be used.", faults)
    return recipients


def seal_file(
    path: Path, recipients: Sequence[x25519.Recipient], check: Callable[[Path], None] | None = None
) -> Path:
    """Put a sealed file, mode 0600, in the place of a plain one; the day on which it came stays.

    The plain file goes last, once ``check`` of the sealed one has raised nothing. What stops this before
    leaves it as it was.
    """
    import pyrage

    target = path.with_name(path.name + SUFFIX)
    temporary = path.with_name(f".{target.name}.{os.getpid()}.tmp")
    _make_private(temporary)
    try:
        pyrage.encrypt_file(str(path), str(temporary), list(recipients))
        if check:
            check(temporary)
        _keep_times(path, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    path.unlink()
    return target


def unseal_file(path: Path, target: Path, identities: Sequence[x25519.Identity], name: str = "") -> None:
    """Write what a sealed file holds to ``target``, mode 0600, whole or not at all; ``path`` stays.

    Raises
    ------
    WorkspaceError
        Where it was sealed to other keys, or altered or cut short: what age wrote it cannot tell.
    """
    import pyrage

    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    _make_private(temporary)
    try:
        pyrage.decrypt_file(str(path), str(temporary), list(identities))
        _keep_times(path, temporary)
        temporary.replace(target)
    except (pyrage.DecryptError, OSError) as error:
        if _is_of_the_disk(error):
            raise
        raise WorkspaceError("A sealed file cannot be opened.", [_cannot_open(name or path.name)]) from None
    finally:
        temporary.unlink(missing_ok=True)


def holds(path: Path, sha256: str, identities: Sequence[x25519.Identity]) -> bool:
    """Whether a sealed file opens with the keys, to its end, and holds what has this digest."""
    import pyrage

    digest = _Digest()
    try:
        with path.open("rb") as stream:
            pyrage.decrypt_io(stream, digest, list(identities))
    except (pyrage.DecryptError, OSError) as error:
        if _is_of_the_disk(error):
            raise
        return False
    return bool(digest.sha256.hexdigest() == sha256)


class _Digest:
    """A stream to write to, of which only the digest is kept."""

    def __init__(self) -> None:
        self.sha256: Any = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.sha256.update(chunk)
        return len(chunk)

    def flush(self) -> None:
        pass


def find_sealed(root: Path) -> Iterator[Path]:
    """The sealed files of a workspace that sources and linkages may be read from."""
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        is_secure = here == root / "secure"
        folders[:] = [
            name
            for name in sorted(folders)
            if not (here == root and name in _NOT_HERE) and not (is_secure and name != "linkages")
        ]
        yield from (here / name for name in sorted(files) if name.endswith(SUFFIX))


def open_workspace(root: Path, folder: Path) -> Path:
    """The folder to read a workspace's records from: itself, or where some are sealed a picture of it.

    In the picture sealed files are open, and all else is links to what is there. It lies in ``folder``, a
    private one that is gone when the reading ends, and is made once for it.

    Raises
    ------
    WorkspaceError
        Where there is no private key, one does not open a file, or a file lies there open as well as sealed.
    """
    sealed = list(find_sealed(root))
    picture = folder / _OPENED
    if not sealed or picture.is_dir():
        return picture if sealed else root
    _require_once(root, sealed)
    identities = read_identities()
    holding = {parent for path in sealed for parent in path.parents if parent.is_relative_to(root)}
    _draw(root, root, picture, holding, identities)
    return picture


def _draw(
    root: Path, here: Path, picture: Path, holding: set[Path], identities: Sequence[x25519.Identity]
) -> None:
    picture.mkdir(mode=0o700)
    for entry in sorted(here.iterdir()):
        if entry in holding:
            _draw(root, entry, picture / entry.name, holding, identities)
        elif entry.name.endswith(SUFFIX) and entry.is_file():
            opened = picture / entry.name.removesuffix(SUFFIX)
            unseal_file(entry, opened, identities, str(entry.relative_to(root)))
        else:
            (picture / entry.name).symlink_to(entry.resolve())


def _require_once(root: Path, sealed: Iterable[Path]) -> None:
    faults = [
        Fault(
            str(path.relative_to(root)),
            "lies beside the same file without encryption: which of the two is meant?",
            "Remove one of them, or run 'evenground data seal' once the plain one is right.",
        )
        for path in sealed
        if path.with_name(path.name.removesuffix(SUFFIX)).exists()
    ]
    if faults:
        raise WorkspaceError("A file is there twice.", faults)


def _is_of_the_disk(error: Exception) -> bool:
    """Whether reading or writing failed: an altered file is an error of input too, with no number."""
    return isinstance(error, OSError) and error.errno is not None


def _cannot_open(name: str) -> Fault:
    what = f"was sealed to another key than that of {IDENTITY_VARIABLE}, or is damaged."
    return Fault(name, what, "Give the private key of the pair, or ask for the file again.")


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _keep_times(path: Path, copy: Path) -> None:
    # Retention runs from the day on which a file came, and sealing it is no new arrival.
    times = path.stat()
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
