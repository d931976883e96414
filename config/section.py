"""What all sections of the settings are."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of the sections: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
