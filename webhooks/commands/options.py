"""Options that several commands of the desk have."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document, for programs; times in UTC.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
