"""The little that a stock Rasa needs to go through the same journey: who finds names and dates stands outside.

Both are Rasa's own extension points and cost next to nothing.
"""

from __future__ import annotations

from typing import Any

from rasa.core.channels.rest import RestInput
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from sanic.request import Request


class RestWithMetadata(RestInput):
    @classmethod
    def name(cls) -> str:
        return "rest"

    def get_metadata(self, request: Request) -> dict[str, Any] | None:
        return request.json.get("metadata")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class MetadataEntities(GraphComponent):
    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> MetadataEntities:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            given = (message.get("metadata") or {}).get("entities") or []
            message.set(ENTITIES, [*(message.get(ENTITIES) or []), *given], add_to_output=True)
        return messages
