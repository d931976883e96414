"""Run the front end's npm scripts with the Node that the set-up found: ``python tools/web.py check test``."""

import subprocess
import sys

from bootstrap import VENV, WEB, node_env


def main() -> None:
    """Run each script named on the command line; end with the first failure's status."""
    env = node_env()
    env["PATH"] = f"{VENV / 'bin'}:{env['PATH']}"
    for script in sys.argv[1:]:
        status = subprocess.run(["npm", "run", "-s", script], cwd=WEB, env=env, check=False).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()
