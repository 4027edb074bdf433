"""Checks every AWS CLI call in the documents given against AWS's own API models, which botocore carries.

A call is wrong where its service or operation does not exist, an option is none of the operation, one that is required is
missing (from a call that is shown with options), or a name in a shorthand value (`--vpc-config SubnetIds=…`) is not
one of its members.
"""

import re
import shlex
import sys

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

# What the CLI calls otherwise than the API does.
SERVICES = {"configservice": "config"}
# Options of the CLI itself.
GLOBAL = {"cli-binary-format", "cli-read-timeout", "endpoint-url", "output", "profile", "query", "region"}
# Commands of the CLI that are no operations.
COMMANDS = {("s3", "cp")}
CALL = re.compile(r"\baws ([a-z0-9-]+) ([a-z][a-z0-9-]+)((?:\\\n|[^`\n])*)")


def operation_of(session, service, command):
    try:
        client = session.get_service_model(SERVICES.get(service, service))
    except UnknownServiceError:
        return None
    names = {xform_name(name, "-"): name for name in client.operation_names}
    name = names.get(command)
    return client.operation_model(name) if name else None


def names_in(shape, value):
    """The names in a shorthand value that the shape lacks; none where the value is no shorthand."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name != "structure" or value.startswith(("{", "[", "file:")):
        return []
    names = re.findall(r"(?:^|,)([A-Za-z0-9]+)=", re.sub(r"\{[^}]*\}|\[[^]]*\]", "", value))
    return [name for name in names if name not in shape.members]


def problems(session, service, command, rest):
    if (service, command) in COMMANDS:
        return
    operation = operation_of(session, service, command)
    if operation is None:
        yield "there is no such operation"
        return
    shape = operation.input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()} if shape else {}
    words = shlex.split(rest.replace("\\\n", " "), comments=True)
    given = set()
    for index, word in enumerate(words):
        if not word.startswith("--"):
            continue
        option = word[2:]
        if option.startswith("no-") and option[3:] in members:
            option = option[3:]
        if option in GLOBAL:
            continue
        if option not in members:
            yield f"it has no option --{option}"
            continue
        name, member = members[option]
        given.add(name)
        value = words[index + 1] if index + 1 < len(words) else ""
        for wrong in names_in(member, value):
            yield f"--{option} has no {wrong}"
    # The CLI makes a token for idempotency itself.
    tokens = set(operation.idempotent_members) if shape else set()
    missing = [name for name in (shape.required_members if shape else []) if name not in given | tokens]
    if missing and words:
        yield f"it needs {', '.join(missing)}"


def main(paths):
    session = botocore.session.get_session()
    calls = wrong = 0
    for path in paths:
        with open(path, encoding="utf-8") as page:
            text = page.read()
        for call in CALL.finditer(text):
            calls += 1
            service, command, rest = call.groups()
            line = text.count("\n", 0, call.start()) + 1
            for problem in problems(session, service, command, rest):
                wrong += 1
                print(f"{path}:{line}: aws {service} {command}: {problem}", file=sys.stderr)
    if calls == 0:
        sys.exit("no AWS CLI call was found in these documents")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
