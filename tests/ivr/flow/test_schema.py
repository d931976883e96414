from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config.settings import Settings
from ivr.flow.schema import schema
from ivr.services.flow_files import FlowFiles, shipped_files, shipped_path

DESK = FlowFiles(Settings())
SCHEMA = schema(DESK.prompts.keys(), DESK.services.keys())


def written(path: Path) -> Any:
    """Return a flow as an editor sees it: keys are text, values are what YAML makes of them."""

    def text_keys(part: Any) -> Any:
        if isinstance(part, dict):
            return {str(key): text_keys(value) for key, value in part.items()}
        return [text_keys(item) for item in part] if isinstance(part, list) else part

    return text_keys(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


EVERY_STEP = Path(__file__).parents[1] / "flows" / "every_step.yaml"


@pytest.mark.parametrize("path", [*shipped_files(), EVERY_STEP], ids=lambda path: path.stem)
def test_what_ships_fits_the_schema(path: Path) -> None:
    jsonschema.validate(written(path), SCHEMA)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("steps", "offer_one", "choices", "0"), "account"),
        (("steps", "offer_one", "choices", "x"), "account"),
        (("steps", "offer_one", "do"), "dance"),
        (("steps", "offer_one", "ask"), "no.such.prompt"),
        (("steps", "offer_one", "ask"), [{"prompt": "no.such.prompt"}]),
        (("steps", "check", "service"), "no_such_service"),
        (("steps", "check", "colour"), "red"),
        (("tries",), 9),
        (("start",), "Not A Name"),
    ],
)
def test_what_no_flow_can_have_doesnt_fit(place: tuple[str, ...], value: object) -> None:
    flow = written(shipped_path("identify"))
    part = flow
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(flow, SCHEMA)


def test_without_names_every_name_of_the_right_shape_fits() -> None:
    flow = written(shipped_path("identify"))
    flow["steps"]["offer_one"]["ask"] = "a.new.one"
    flow["steps"]["check"]["service"] = "a_new_one"
    jsonschema.validate(flow, schema())
