"""What guessing a password costs, as a site runs; the other tests hash at the least cost."""

import subprocess
import sys

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY


def test_a_site_hashes_at_the_cost_that_the_standard_gives_for_servers() -> None:
    program = "import asyncio; from storage.passwords import Passwords; print(asyncio.run(Passwords().hash('a word')))"
    kept = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert extract_parameters(kept.strip()) == RFC_9106_LOW_MEMORY
