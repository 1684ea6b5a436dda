"""stems.json: in how many library passages each stem occurs, for fitting contexts where no library is loaded."""
import argparse
import json
from collections import Counter
from pathlib import Path

from fit import document_frequencies

AT_LEAST = 5  # passages; keeps the file under 150 kB


def write_stems(path: Path, frequencies: Counter[str], passages: int, at_least: int = AT_LEAST) -> None:
    """A stem in fewer than `at_least` passages is left out and counts as never seen."""
    kept = {stem: count for stem, count in sorted(frequencies.items()) if count >= at_least}
    path.write_text(json.dumps({'passages': passages, 'stems': kept}, separators=(',', ':')) + '\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('library', type=Path, help='JSONL of {text}')
    parser.add_argument('output', type=Path)
    args = parser.parse_args()
    frequencies, passages = document_frequencies(json.loads(line)['text'] for line in args.library.open())
    write_stems(args.output, frequencies, passages)


if __name__ == '__main__':
    main()
