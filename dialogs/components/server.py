"""What components.serve runs, once Rasa may be imported: engine, tracker store and door put together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.utils.io import read_config_file
from rasa.utils.endpoints import EndpointConfig
from sanic import Sanic
from sanic.log import logger as sanic_logger

from components.channel import TurnsInput
from components.engine import MAX_ACTIONS, Actions, Engine
from components.tracker_store import PostgresTrackerStore

# Longer than the slowest turn we allow; the worker gives up earlier and asks again.
RESPONSE_TIMEOUT_SECONDS = 120


class StoreUnusable(Exception):
    """The tracker store cannot be built or reached."""


@dataclass
class Server:
    """A loaded model behind its door."""

    engine: Engine
    store: PostgresTrackerStore
    actions: Actions
    door: TurnsInput

    @classmethod
    def build(cls, model: Path, endpoints: Path, credentials: Path) -> Server:
        """Raises StoreUnusable, ModelNotFound."""
        config: dict[str, Any] = read_config_file(endpoints)
        store = _store(EndpointConfig.from_dict(dict(config["tracker_store"])))
        actions = Actions(**config["action_endpoint"])
        engine = Engine(
            model_path=model,
            tracker_store=store,
            lock_store=InMemoryLockStore(),
            generator=TemplatedNaturalLanguageGenerator({}),
            action_endpoint=actions,
            max_number_of_predictions=MAX_ACTIONS,
        )
        store.domain = engine.domain
        actions.use_domain(engine.domain.as_dict())
        engine.nlg = TemplatedNaturalLanguageGenerator(engine.domain.responses)
        door = TurnsInput.from_credentials(read_config_file(credentials)["components.channel.TurnsInput"])
        return cls(engine, store, actions, door)

    @property
    def model_id(self) -> str:
        return str(self.engine.model_metadata.model_id)

    def run(self, port: int) -> None:
        """Serves on loopback until SIGTERM or SIGINT."""
        app = Sanic("daozhen_rasa", configure_logging=False)
        app.config.RESPONSE_TIMEOUT = RESPONSE_TIMEOUT_SECONDS
        app.config.REQUEST_MAX_SIZE = 1_000_000
        app.config.ACCESS_LOG = False
        app.config.KEEP_ALIVE_TIMEOUT = 75
        app.blueprint(self.door.blueprint(None), url_prefix=f"/webhooks/{self.door.name()}")
        app.register_listener(self._open, "before_server_start")
        app.register_listener(self._close, "after_server_stop")
        sanic_logger.disabled = True
        app.run(host="127.0.0.1", port=port, access_log=False, motd=False)

    async def _open(self, app: Sanic, loop: Any) -> None:
        await self.store.open()
        self.door.engine = self.engine

    async def _close(self, app: Sanic, loop: Any) -> None:
        await self.actions.close()
        await self.store.close()


def _store(endpoint: EndpointConfig) -> PostgresTrackerStore:
    try:
        store = PostgresTrackerStore.from_endpoint(endpoint)
        with psycopg.connect(endpoint.url, connect_timeout=5) as connection:
            connection.execute("select version from rasa_tracker limit 1")
    except (ValueError, KeyError, OSError) as error:
        raise StoreUnusable(f"tracker store: {error}") from error
    except psycopg.Error as error:
        raise StoreUnusable(f"tracker store: {type(error).__name__}") from error
    return store
