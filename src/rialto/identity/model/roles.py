"""The rules of roles: what they are called, what they may allow, who may give them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from rialto.identity.api import NotYoursToGive, PutRole, RoleProtected
from rialto.identity.model.fields import wrong
from rialto.kernel.errors import FieldProblem, Invalid
from rialto.kernel.roles import OWNER, Roles, grants, permissions_by

PERMISSIONS_MAX = 200
ROLES_MAX = 200

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PERMISSION = re.compile(r"[a-z_]{1,40}\.(?:[a-z_]{1,40}|\*)|\*\.[a-z_]{1,40}")


def checked_role(command: PutRole) -> PutRole:
    """The command with each permission once. Raises Invalid naming what is wrong, RoleProtected, NotYoursToGive."""
    if command.name == OWNER:
        raise RoleProtected
    problems = []
    if not _NAME.fullmatch(command.name):
        problems.append(wrong("name", "A role's name is a word of small letters, such as `accounting`."))
    problems += [
        wrong(f"permissions[{index}]", "A permission is `orders.read`, `orders.*` or `*.read`.")
        for index, permission in enumerate(command.permissions)
        if not _PERMISSION.fullmatch(permission)
    ]
    if len(command.permissions) > PERMISSIONS_MAX:
        problems.append(wrong("permissions", f"A role has at most {PERMISSIONS_MAX} permissions."))
    if problems:
        raise Invalid("The role cannot be set so.", fields=tuple(problems))
    permissions = sorted(set(command.permissions))
    _check_gift(permissions, command.by)
    return PutRole(name=command.name, permissions=permissions, by=command.by)


def checked_roles(wanted: Collection[str], known: Roles, by: Iterable[str] | None) -> list[str]:
    """Roles that somebody may be given. Raises Invalid naming those that are unknown, NotYoursToGive."""
    problems = [
        FieldProblem(
            path=f"roles[{index}]", code="role_unknown", message=f"Roles are {', '.join(sorted(known))}."
        )
        for index, role in enumerate(wanted)
        if role not in known
    ]
    if not wanted:
        problems.append(wrong("roles", "Give at least one role."))
    if problems:
        raise Invalid("The member of staff is not complete.", fields=tuple(problems))
    _check_gift(permissions_by(known, wanted), by)
    return sorted(set(wanted))


def check_reach(held: Iterable[str], known: Roles, by: Iterable[str] | None) -> None:
    """Nobody changes the account of somebody who may do more than they. Raises NotYoursToGive."""
    _check_gift(permissions_by(known, held), by)


def _check_gift(permissions: Iterable[str], by: Iterable[str] | None) -> None:
    granted = None if by is None else frozenset(by)
    if granted is not None and not all(grants(granted, permission) for permission in permissions):
        raise NotYoursToGive
