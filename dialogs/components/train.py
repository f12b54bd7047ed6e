"""Trains the model that components.serve loads, from domain.yml and dialogs/.

python -m components.train --out model.tar.gz [--domain domain.yml] [--dialogs dialogs] [--config dialogs/config.yml]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from components.prepare import prepare

DIALOGS = Path(__file__).resolve().parent.parent


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="components.train", description="Trains the dialogue model.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--domain", type=Path, default=DIALOGS.parent / "domain.yml")
    parser.add_argument("--dialogs", type=Path, default=DIALOGS)
    parser.add_argument("--config", type=Path, default=DIALOGS / "config.yml")
    options = parser.parse_args(argv)
    prepare(training=True)
    return train(options.domain, options.dialogs, options.out, options.config)


def train(domain: Path, dialogs: Path, out: Path, config: Path) -> int:
    """Writes the model file. Gives 0, or 1 when the data hold contradictions (printed)."""
    import rasa.model_training
    from rasa.shared.exceptions import RasaException

    with tempfile.TemporaryDirectory() as folder:
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(folder, "cache"))
        try:
            result = rasa.model_training.train(
                domain=str(domain),
                config=str(config),
                training_files=[str(dialogs)],
                output=str(out.parent),
                fixed_model_name=out.name,
                force_training=True,
            )
        except RasaException as error:
            print(f"The dialogues cannot be trained: {error}", file=sys.stderr)
            return 1
    return int(result.code)


if __name__ == "__main__":
    sys.exit(main())
