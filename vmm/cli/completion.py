"""The command ``completion``: a script by which a shell completes commands, options and their values."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

_SCRIPT = """\
_vmm() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}} $previous" in
{values}
        *)
            [[ "$current" == -* ]] && case "${{COMP_WORDS[1]}}" in
{options}
            esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -o bashdefault -F _vmm vmm
"""
"""The script; where it has no words, the shell completes names of files."""

_ZSH = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
"""Commands by which zsh runs completions of bash."""


def add(verbs: Any) -> None:
    """Add the verb to the parser."""
    summary = "Print a script by which a shell completes commands, options and their values."
    more = 'Put the line eval "$(vmm completion bash)" into ~/.bashrc, or with zsh in place of bash into ~/.zshrc.'
    verb = verbs.add_parser("completion", help=summary, description=f"{summary} {more}")
    verb.add_argument("shell", choices=("bash", "zsh"), help="The shell: bash or zsh.")
    verb.set_defaults(run=partial(_print_script, commands=verbs.choices))


def _print_script(options: argparse.Namespace, *, commands: dict[str, argparse.ArgumentParser]) -> None:
    values, names = [], []
    for command, parser in commands.items():
        visible = [action for action in parser._actions if action.help != argparse.SUPPRESS]
        names.append(f'            {command}) words="{" ".join(n for a in visible for n in a.option_strings)}" ;;')
        for action in visible:
            if action.choices and action.option_strings:
                pattern = "|".join(f'"{command} {name}"' for name in action.option_strings)
                values.append(f'        {pattern}) words="{" ".join(map(str, action.choices))}" ;;')
    script = _SCRIPT.format(commands=" ".join(commands), values="\n".join(values), options="\n".join(names))
    print((_ZSH if options.shell == "zsh" else "") + script, end="")
