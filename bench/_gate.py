"""How often the recogniser refuses clips that are right: ``python -m bench._gate``. Clauses of the shipped core pack.

Refused at the usual pace only; a build says a refused clip again, more slowly, before it gives it up.
"""

import json
import os
from pathlib import Path
from random import Random

import typer

from bench._site import use_own_cache
from ivr.prompts import core_pack
from ivr.prompts.listening import clause_prompt, disagrees, recogniser, values

OF_EACH = 12


def main() -> None:
    """Listen to months and due days of both languages; print one JSON object."""
    use_own_cache()
    listener = recogniser(Path(os.environ["HYDROPHONE_CACHE"]))
    sounds = core_pack.sounds(core_pack.SHIPPED)
    found: dict[str, dict[str, object]] = {}
    for language, entries in core_pack.index(core_pack.SHIPPED).entries.items():
        for kind in ("bill.lead.", "due."):
            held = [one for one in entries if one.clip.startswith(kind) and any(values(one.text, language))]
            chosen = Random(4).sample(held, min(OF_EACH, len(held)))  # noqa: S311 - the same clips each time
            refused = []
            for one in chosen:
                heard = listener.text(sounds[one.key] / 32768.0, language, clause_prompt(one.text, language))
                if disagrees(one.text, heard, language):
                    refused.append(f"{one.text} → {heard}")
            found[f"{language} {kind}"] = {"clips": len(chosen), "refused": refused}
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
